/**
 * The store's operations, one definition each for every database.
 *
 * Owns: SQL and verdicts, and which of an operation's ways to run it needs: `read` (one SELECT), `single` (one
 * statement that is its own commit) or `transact` (several statements, one commit).
 * Does not own: how a driver runs them (`../sqlite`, `../postgres`), nor any rule about who may do what.
 */

import type { ConsentStore } from '../consent-store.ts';
import type { Database } from '../database.ts';
import type { DeviceCodeStore } from '../device-code-store.ts';
import type { LogoutStore } from '../logout-store.ts';
import type { PasswordLinkStore } from '../password-link-store.ts';
import type { RegistryStore } from '../registry-store.ts';
import type { StatusStore } from '../status-store.ts';
import type {
  AccessTokenStore,
  AssertionStore,
  AuthorizationStore,
  KeyStore,
  Outbox,
  ParkedRequestStore,
  PersonStore,
  RefreshFamilyStore,
  SessionStore,
  Store,
} from '../store.ts';
import { accessTokenStands, addReferenceToken, findReferenceToken, revokeAccessToken } from './access-tokens.ts';
import { consumeAssertion } from './assertions.ts';
import { createAuthorization, findAuthorization, findCode, redeemCode, revokeAuthorization } from './authorizations.ts';
import { findConsents, giveConsent, listConsents, withdrawConsent } from './consents.ts';
import {
  approveDeviceCode,
  claimDeviceCode,
  createDeviceCode,
  denyDeviceCode,
  findDeviceCode,
  findUserCode,
  pollDeviceCode,
  redeemDeviceCode,
} from './device-codes.ts';
import { raiseEpoch, readEpoch } from './epoch.ts';
import { changeKeys, listKeys } from './keys.ts';
import { dueLogouts, finishLogout, holdLogout, postponeLogout } from './logout-notices.ts';
import { dropFromOutbox, readOutbox } from './outbox.ts';
import { denyParkedRequest, dropParkedRequest, findParkedRequest, parkRequest } from './parked-requests.ts';
import { findPasswordLink, issuePasswordLink, setPassword } from './password-links.ts';
import {
  changePersonState,
  createPerson,
  findPerson,
  findPersonByLogin,
  listPersons,
  rehashPassword,
} from './persons.ts';
import { purge } from './purge.ts';
import { findFamily, presentRefresh } from './refresh-families.ts';
import { readRegistrations, readRegistryRevision, writeRegistration } from './registry.ts';
import {
  endSession,
  endSessionsOf,
  findSession,
  findSessionById,
  listSessions,
  startSession,
  touchSession,
} from './sessions.ts';
import {
  findServiceStatus,
  leaseStatusIndexes,
  readFlippedIndexes,
  readStatusFlips,
  readStatusPosition,
  startServiceStatus,
} from './status.ts';

/** The ports over an open database whose schema is current. */
export function createStore(database: Database): Store {
  return Object.freeze({
    ...personStore(database),
    ...passwordLinkStore(database),
    ...sessionStore(database),
    ...parkedRequestStore(database),
    ...consentStore(database),
    ...authorizationStore(database),
    ...deviceCodeStore(database),
    ...refreshFamilyStore(database),
    ...accessTokenStore(database),
    ...statusStore(database),
    ...assertionStore(database),
    ...keyStore(database),
    ...logoutStore(database),
    ...registryStore(database),
    ...outbox(database),
    raiseEpoch: (events) => database.transact(() => raiseEpoch(events)),
    purge: (now) => purge(database, now),
    ping: async () => void (await database.read(readEpoch)),
    close: database.close,
  } satisfies Store);
}

function accessTokenStore({ read, single, transact }: Database): AccessTokenStore {
  return {
    addReferenceToken: (token) => single(() => addReferenceToken(token)),
    findReferenceToken: (tokenHash) => read(() => findReferenceToken(tokenHash)),
    accessTokenStands: (ground) => read(() => accessTokenStands(ground)),
    revokeAccessToken: (revocation, events) => transact(() => revokeAccessToken(revocation, events)),
  };
}

function statusStore({ read, single, transact }: Database): StatusStore {
  return {
    leaseStatusIndexes: (count) => single(() => leaseStatusIndexes(count)),
    findServiceStatus: (service) => read(() => findServiceStatus(service)),
    startServiceStatus: (service, statusIndex) => transact(() => startServiceStatus(service, statusIndex)),
    readStatusPosition: () => read(readStatusPosition),
    readStatusFlips: (range) => read(() => readStatusFlips(range)),
    readFlippedIndexes: (first, end) => read(() => readFlippedIndexes(first, end)),
  };
}

function assertionStore({ single }: Database): AssertionStore {
  return { consumeAssertion: (assertion) => single(() => consumeAssertion(assertion)) };
}

function personStore({ read, transact }: Database): PersonStore {
  return {
    findPerson: (id) => read(() => findPerson(id)),
    findPersonByLogin: (loginName) => read(() => findPersonByLogin(loginName)),
    listPersons: (page) => read(() => listPersons(page)),
    createPerson: (person, events) => transact(() => createPerson(person, events)),
    rehashPassword: (change, events) => transact(() => rehashPassword(change, events)),
    changePersonState: (change, events) => transact(() => changePersonState(change, events)),
  };
}

function passwordLinkStore({ read, transact }: Database): PasswordLinkStore {
  return {
    issuePasswordLink: (link, events) => transact(() => issuePasswordLink(link, events)),
    findPasswordLink: (tokenHash, now) => read(() => findPasswordLink(tokenHash, now)),
    setPassword: (set, events) => transact(() => setPassword(set, events)),
  };
}

function sessionStore({ read, single, transact }: Database): SessionStore {
  return {
    findSession: (secretHash, now) => read(() => findSession(secretHash, now)),
    findSessionById: (id) => read(() => findSessionById(id)),
    listSessions: (page) => read(() => listSessions(page)),
    startSession: (start, events) => transact(() => startSession(start, events)),
    touchSession: (touch) => single(() => touchSession(touch)),
    endSession: (end, events) => transact(() => endSession(end, events)),
    endSessionsOf: (end, events) => transact(() => endSessionsOf(end, events)),
  };
}

function parkedRequestStore({ read, single }: Database): ParkedRequestStore {
  return {
    parkRequest: (row) => single(() => parkRequest(row)),
    findParkedRequest: (idHash, now) => read(() => findParkedRequest(idHash, now)),
    denyParkedRequest: (idHash, now) => single(() => denyParkedRequest(idHash, now)),
    dropParkedRequest: (idHash) => single(() => dropParkedRequest(idHash)),
  };
}

function consentStore({ read, transact }: Database): ConsentStore {
  return {
    findConsents: (person, client) => read(() => findConsents(person, client)),
    giveConsent: (give, events) => transact(() => giveConsent(give, events)),
    listConsents: (person) => read(() => listConsents(person)),
    withdrawConsent: (withdraw, events) => transact(() => withdrawConsent(withdraw, events)),
  };
}

function authorizationStore({ read, transact }: Database): AuthorizationStore {
  return {
    findAuthorization: (id) => read(() => findAuthorization(id)),
    createAuthorization: (create, events) => transact(() => createAuthorization(create, events)),
    findCode: (codeHash) => read(() => findCode(codeHash)),
    redeemCode: (redeem, events) => transact(() => redeemCode(redeem, events)),
    revokeAuthorization: (revoke, events) => transact(() => revokeAuthorization(revoke, events)),
  };
}

function deviceCodeStore({ read, single, transact }: Database): DeviceCodeStore {
  return {
    createDeviceCode: (code) => single(() => createDeviceCode(code)),
    findDeviceCode: (deviceCodeHash) => read(() => findDeviceCode(deviceCodeHash)),
    findUserCode: (userCodeHash) => read(() => findUserCode(userCodeHash)),
    pollDeviceCode: (poll) => transact(() => pollDeviceCode(poll)),
    claimDeviceCode: (claim) => single(() => claimDeviceCode(claim)),
    approveDeviceCode: (approval, events) => transact(() => approveDeviceCode(approval, events)),
    denyDeviceCode: (claim, events) => transact(() => denyDeviceCode(claim, events)),
    redeemDeviceCode: (redeem, events) => transact(() => redeemDeviceCode(redeem, events)),
  };
}

function refreshFamilyStore({ read, transact }: Database): RefreshFamilyStore {
  return {
    findFamily: (id, now) => read(() => findFamily(id, now)),
    presentRefresh: (presented, events) => transact(() => presentRefresh(presented, events)),
  };
}

function logoutStore({ read, single, transact }: Database): LogoutStore {
  return {
    dueLogouts: (due) => read(() => dueLogouts(due)),
    holdLogout: (hold) => single(() => holdLogout(hold)),
    postponeLogout: (held) => single(() => postponeLogout(held)),
    finishLogout: (held, events) => transact(() => finishLogout(held, events)),
  };
}

function keyStore({ read, transact }: Database): KeyStore {
  return {
    listKeys: () => read(listKeys),
    changeKeys: (change, events) => transact(() => changeKeys(change, events)),
  };
}

/** Milliseconds; the published bound for a disabled client on another node. */
const registryMaxAge = 1000;

function registryStore({ dialect, read, transact }: Database): RegistryStore {
  return {
    registryMaxAge: dialect.name === 'sqlite' ? 0 : registryMaxAge,
    readRegistryRevision: () => read(readRegistryRevision),
    readRegistrations: (after) => read(() => readRegistrations(after)),
    writeRegistration: (write, events) => transact(() => writeRegistration(write, events)),
  };
}

function outbox({ read, transact }: Database): Outbox {
  return {
    readOutbox: (limit) => read(() => readOutbox(limit)),
    dropFromOutbox: (sequences) => transact(() => dropFromOutbox(sequences)),
  };
}
