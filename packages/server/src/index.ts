import './needed-node.ts';

export type { NewPerson } from './accounts/accounts.ts';
export type { StateChange } from './accounts/person.ts';
export { type Administration, openAdministration } from './administration/administration.ts';
export type { ConsentsAdministration } from './administration/consents.ts';
export type { KeysAdministration, KeyView } from './administration/keys.ts';
export type { PasswordLink, PeopleAdministration, PersonView } from './administration/people.ts';
export type { RegistrationAdministration, RegistrationView } from './administration/registrations.ts';
export type { SessionsAdministration, SessionView } from './administration/sessions.ts';
export type {
  ClientConfig,
  ClientRegistration,
  Config,
  Lifetimes,
  Limit,
  LimitSettings,
  ResolvedConfig,
  ResourceConfig,
  ResourceRegistration,
  SecretSource,
} from './config.ts';
export { type Connection, fetchHandler } from './http/fetch.ts';
export type { CarriedRequest } from './http/handle.ts';
export { type Handler, type Listening, type ListenOptions, listen, nodeListener } from './http/node.ts';
export type { ChangeVerdict } from './registry/change.ts';
export { ConfigError, type ConfigProblem } from './resolve-config/problems.ts';
export { resolveConfig } from './resolve-config/resolve-config.ts';
export { createServer, type Server } from './server.ts';
export { openPostgresStore } from './store/postgres/postgres.ts';
export type { Profile } from './store/profile.ts';
export type { RegistrationState } from './store/registry-store.ts';
export { openSqliteStore } from './store/sqlite/sqlite.ts';
export type { Store } from './store/store.ts';
