export { type Bff, createBff } from './bff.ts';
export {
  type BffClient,
  type BffConfig,
  BffConfigError,
  type BffConfigProblem,
  type BffLifetimes,
  type IdTokenAlgorithm,
  type ProxyRoute,
} from './config.ts';
export { csrfHeader } from './origin.ts';
export type { LoginRow, SessionPort, SessionRow } from './session-port.ts';
export { openSqliteSessions } from './sqlite-sessions.ts';
