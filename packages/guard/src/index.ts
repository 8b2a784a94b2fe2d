export type { Access } from './access.ts';
export * from './adapters/fetch.ts';
export * from './adapters/node.ts';
export { type GuardConfig, GuardConfigError } from './config.ts';
export * from './guard.ts';
export type { BodyReader } from './input.ts';
export * from './route.ts';
export type { StandardSchema } from './standard-schema.ts';
export type { IssuerConfig } from './verify-token.ts';
