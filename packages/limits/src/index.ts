export * from './gcra.ts';
export * from './limit-store.ts';
export * from './mark-store.ts';
export * from './memory-limit-store.ts';
export * from './outage.ts';
