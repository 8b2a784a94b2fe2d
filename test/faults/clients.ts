/**
 * Clients that refresh again and again, each with a family of its own and the last token it was given, and that keep
 * account of every answer.
 */

import { readFileSync } from 'node:fs';
import { systemRuntime } from '@castellan/protocol';
import type { ClientConfig } from '@castellan/server';
import {
  createBrowser,
  createRelyingParty,
  type Person,
  type RelyingParty,
  registrationOf,
  socketTransport,
  type Transport,
  walk,
} from '@castellan/testkit';

export interface RefreshClient {
  readonly party: RelyingParty;
  /** The last refresh token this client was given. */
  token: string;
  /** Answers with tokens. */
  acknowledged: number;
  /** Requests without an answer: the issuer was killed meanwhile. */
  unanswered: number;
  /** What must not happen; empty in the end. */
  readonly problems: string[];
}

export interface SignIn {
  readonly issuer: string;
  readonly config: ClientConfig;
  readonly person: Person;
  readonly count: number;
}

/** Signs the person in once, in one browser, and gives each client its own authorization. */
export async function signInClients({ issuer, config, person, count }: SignIn): Promise<readonly RefreshClient[]> {
  const party = createRelyingParty({
    registration: registrationOf(config, (file) => readFileSync(file, 'utf8').trim()),
    authorizationEndpoint: `${issuer}/authorize`,
    tokenEndpoint: `${issuer}/token`,
    transport: socketTransport,
    randomBytes: systemRuntime.randomBytes,
  });
  const browser = createBrowser({ transport: arrivingAt(party.redirectUri), now: systemRuntime.now });
  const clients: RefreshClient[] = [];
  while (clients.length < count) {
    const attempt = party.begin();
    await browser.open(attempt.url);
    const page = await walk(browser, person);
    const { json, body } = await party.redeem(attempt, page.url.searchParams.get('code') ?? '');
    if (typeof json['refresh_token'] !== 'string') throw new Error(`no refresh token: ${body}`);
    clients.push({ party, token: json['refresh_token'], acknowledged: 0, unanswered: 0, problems: [] });
  }
  return clients;
}

/** The network, and at the client's own address a page that says that somebody arrived. */
export function arrivingAt(redirectUri: string): Transport {
  const html = [['content-type', 'text/html; charset=utf-8']] as const;
  return async (request) =>
    request.url.href.startsWith(redirectUri)
      ? { status: 200, headers: html, body: '<p id="arrived">Arrived</p>' }
      : socketTransport(request);
}

/** Refreshes until the issuer does not answer any more. */
export async function refreshUntilKilled(client: RefreshClient): Promise<void> {
  while (client.problems.length === 0 && (await refreshTwice(client))) continue;
}

/**
 * Presents the same token twice at once, as two tabs would: every answer must hold the same successor.
 *
 * @returns whether both were answered
 */
export async function refreshTwice(client: RefreshClient): Promise<boolean> {
  const answers = await Promise.all([refreshOnce(client), refreshOnce(client)]);
  const successors = new Set(answers.filter((answer) => answer !== undefined));
  if (successors.size > 1) client.problems.push('two successors of one token are live');
  const [successor] = successors;
  if (successor !== undefined) client.token = successor;
  return !answers.includes(undefined);
}

async function refreshOnce(client: RefreshClient): Promise<string | undefined> {
  const answer = await client.party.refresh(client.token).catch(() => undefined);
  if (answer === undefined) {
    client.unanswered += 1;
    return undefined;
  }
  const { refresh_token: successor } = answer.json;
  if (answer.status === 200 && typeof successor === 'string') {
    client.acknowledged += 1;
    return successor;
  }
  client.problems.push(`refused with ${answer.status}: ${answer.body}`);
  return undefined;
}

/** The counter in a refresh token (`…family.generation.secret.tag…`). */
export function generationOf(token: string): number {
  return Number(token.split('.')[1]);
}
