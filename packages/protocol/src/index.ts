export * from './http/message.ts';
export * from './oauth/error-code.ts';
export * from './oauth/refusal.ts';
export * from './runtime.ts';
