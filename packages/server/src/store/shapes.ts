/** The stored form of each row; `SCHEMA.md` says of every column what it is and how long it stays. */

import type { AskedClaims } from './asked-claims.ts';
import type { ConsentRow } from './consent-store.ts';
import type { DeviceCodeRow } from './device-code-store.ts';
import type { LogoutNoticeRow } from './logout-store.ts';
import type { PasswordLinkRow } from './password-link-store.ts';
import type { RegistrationKind, RegistrationRow, RegistrationState } from './registry-store.ts';
import {
  type Field,
  flag,
  integer,
  json,
  noneAsBlank,
  optional,
  optionalInteger,
  optionalText,
  type Shape,
  shape,
  text,
  word,
} from './shape.ts';
import type {
  AuthorizationRow,
  CodeRow,
  KeyRow,
  ParkedRequestRow,
  PersonRow,
  PersonState,
  RefreshFamilyRow,
  SessionRow,
} from './store.ts';

const personState: Field<PersonState> = word<PersonState>('state', {
  active: true,
  locked: true,
  disabled: true,
});

export const persons: Shape<PersonRow> = shape<PersonRow>('persons', {
  id: text('id'),
  loginName: text('login_name'),
  passwordHash: noneAsBlank('password_hash'),
  state: personState,
  profile: json('profile'),
  signInEpoch: integer('sign_in_epoch'),
  createdAt: integer('created_at'),
});

export const passwordLinks: Shape<PasswordLinkRow> = shape<PasswordLinkRow>('password_links', {
  person: text('person_id'),
  tokenHash: text('token_hash'),
  createdAt: integer('created_at'),
  expiresAt: integer('expires_at'),
});

/** What the row of a session has for the store alone. */
export interface StoredSession extends SessionRow {
  /** The same for a session and those it replaced for the same person: they end together. */
  readonly chain: string;
  readonly epoch: number;
}

const sessionFields = {
  id: text('id'),
  secretHash: text('secret_hash'),
  person: text('person_id'),
  authTime: integer('auth_time'),
  acr: text('acr'),
  amr: json<readonly string[]>('amr'),
  createdAt: integer('created_at'),
  idleExpiresAt: integer('idle_expires_at'),
  absoluteExpiresAt: integer('absolute_expires_at'),
  endedAt: optionalInteger('ended_at'),
};

export const sessions: Shape<SessionRow> = shape<SessionRow>('sessions', sessionFields);

export const storedSessions: Shape<StoredSession> = shape<StoredSession>('sessions', {
  ...sessionFields,
  chain: text('chain'),
  epoch: integer('epoch'),
});

export const parkedRequests: Shape<ParkedRequestRow> = shape<ParkedRequestRow>('parked_requests', {
  idHash: text('id_hash'),
  browserHash: text('browser_hash'),
  client: text('client_id'),
  request: text('request'),
  createdAt: integer('created_at'),
  expiresAt: integer('expires_at'),
  session: optionalText('session_id'),
  consentedAt: optionalInteger('consented_at'),
  deniedAt: optionalInteger('denied_at'),
});

export const consents: Shape<ConsentRow> = shape<ConsentRow>('consents', {
  person: text('person_id'),
  client: text('client_id'),
  resource: text('resource'),
  scopes: json('scopes'),
  givenAt: integer('given_at'),
});

/** What the row of an authorization has for the store alone. */
export interface StoredAuthorization extends AuthorizationRow {
  /** Of the session it came from. */
  readonly sessionChain: string | undefined;
  /** A `RevocationReason`; for people who read the database. */
  readonly revokedReason: string | undefined;
}

const authorizationFields = {
  id: text('id'),
  client: text('client_id'),
  person: optionalText('person_id'),
  session: optionalText('session_id'),
  scopes: json<readonly string[]>('scopes'),
  resources: json<readonly string[]>('resources'),
  claims: optional(json<AskedClaims>('claims')),
  authTime: optionalInteger('auth_time'),
  acr: optionalText('acr'),
  amr: json<readonly string[]>('amr'),
  cnf: optionalText('cnf'),
  sector: optionalText('sector'),
  epoch: integer('epoch'),
  offline: flag('offline'),
  createdAt: integer('created_at'),
  revokedAt: optionalInteger('revoked_at'),
  statusIndex: integer('status_index'),
};

export const authorizations: Shape<AuthorizationRow> = shape<AuthorizationRow>('authorizations', authorizationFields);

export const storedAuthorizations: Shape<StoredAuthorization> = shape<StoredAuthorization>('authorizations', {
  ...authorizationFields,
  sessionChain: optionalText('session_chain'),
  revokedReason: optionalText('revoked_reason'),
});

export const codes: Shape<CodeRow> = shape<CodeRow>('codes', {
  codeHash: text('code_hash'),
  authorization: text('authorization_id'),
  client: text('client_id'),
  redirectUri: text('redirect_uri'),
  codeChallenge: text('code_challenge'),
  nonce: optionalText('nonce'),
  createdAt: integer('created_at'),
  expiresAt: integer('expires_at'),
  redeemedAt: optionalInteger('redeemed_at'),
});

export const deviceCodes: Shape<DeviceCodeRow> = shape<DeviceCodeRow>('device_codes', {
  deviceCodeHash: text('device_code_hash'),
  userCodeHash: text('user_code_hash'),
  client: text('client_id'),
  scopes: json<readonly string[]>('scopes'),
  resources: json<readonly string[]>('resources'),
  address: text('address'),
  userAgent: text('user_agent'),
  createdAt: integer('created_at'),
  expiresAt: integer('expires_at'),
  interval: integer('poll_interval'),
  polledAt: optionalInteger('polled_at'),
  claim: optionalText('claim_hash'),
  session: optionalText('session_id'),
  authorization: optionalText('authorization_id'),
  deniedAt: optionalInteger('denied_at'),
  redeemedAt: optionalInteger('redeemed_at'),
});

export const refreshFamilies: Shape<RefreshFamilyRow> = shape<RefreshFamilyRow>('refresh_families', {
  id: text('id'),
  authorization: text('authorization_id'),
  client: text('client_id'),
  generation: integer('generation'),
  currentHash: text('current_hash'),
  sealedSuccessor: optionalText('sealed_successor'),
  retryUntil: optionalInteger('retry_until'),
  retries: integer('retries'),
  idleExpiresAt: integer('idle_expires_at'),
  absoluteExpiresAt: integer('absolute_expires_at'),
  createdAt: integer('created_at'),
});

export const signingKeys: Shape<KeyRow> = shape<KeyRow>('signing_keys', {
  kid: text('kid'),
  algorithm: text('algorithm'),
  publicJwk: text('public_jwk'),
  sealedPrivateKey: optionalText('sealed_private_key'),
  announcedAt: integer('announced_at'),
  signsFrom: integer('signs_from'),
  verifiesFrom: integer('verifies_from'),
  retiredAt: integer('retired_at'),
  removedAt: optionalInteger('removed_at'),
});

export const registrations: Shape<RegistrationRow> = shape<RegistrationRow>('registrations', {
  kind: word<RegistrationKind>('kind', { client: true, resource: true }),
  id: text('id'),
  caller: optionalText('caller'),
  registration: json('registration'),
  secrets: json('secrets'),
  state: word<RegistrationState>('state', { active: true, disabled: true, removed: true }),
  createdAt: integer('created_at'),
  changedAt: integer('changed_at'),
  revision: integer('revision'),
});

export const logoutNotices: Shape<LogoutNoticeRow> = shape<LogoutNoticeRow>('logout_notices', {
  sequence: integer('sequence'),
  client: text('client_id'),
  person: text('person_id'),
  session: text('session_id'),
  sector: optionalText('sector'),
  queuedAt: integer('queued_at'),
  attempts: integer('attempts'),
});
