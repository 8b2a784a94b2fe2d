/** A device and the person in front of it, for the tests of the device flow. */
import assert from 'node:assert/strict';
import {
  type Browser,
  type Changes,
  type HeaderPairs,
  type JsonAnswer,
  type Page,
  post,
  type RelyingParty,
  signIn,
  type World,
  type WorldPerson,
} from '@castellan/testkit';

export interface Device {
  readonly client: RelyingParty;
  readonly endpoint: string;
  readonly ask: (changes?: Changes, headers?: HeaderPairs, address?: string) => Promise<JsonAnswer>;
  readonly poll: (deviceCode: string, changes?: Changes) => Promise<JsonAnswer>;
}

export interface Codes {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly complete: string;
}

export const grantType = 'urn:ietf:params:oauth:grant-type:device_code';
export const scope = 'openid notes:read';

/** What a device does: asks for codes, and polls. */
export function device(world: World, id: string): Device {
  const client = world.client(id);
  const endpoint = String(world.metadata['device_authorization_endpoint']);
  const basicHeader = (): HeaderPairs => {
    const credentials = Buffer.from(`${id}:${client.secret}`).toString('base64');
    return client.secret === undefined ? [] : [['authorization', `Basic ${credentials}`]];
  };
  const ask = (changes: Changes = {}, headers: HeaderPairs = basicHeader(), address = '198.51.100.20') =>
    post(
      world.network.from(address),
      endpoint,
      { ...(client.secret === undefined ? { client_id: id } : {}), scope, ...changes },
      [['user-agent', 'television/1.0 <b>loud</b>'], ...headers],
    );
  const poll = (deviceCode: string, changes: Changes = {}) =>
    client.token({ grant_type: grantType, device_code: deviceCode, ...changes });
  return { client, ask, poll, endpoint };
}

export function codesOf(answer: JsonAnswer): Codes {
  assert.equal(answer.status, 200, answer.body);
  const text = (name: string): string => String(answer.json[name]);
  return { deviceCode: text('device_code'), userCode: text('user_code'), complete: text('verification_uri_complete') };
}

/** The person's way to the question: types the code, signs in. */
export async function enter(
  world: World,
  browser: Browser,
  userCode: string,
  person: WorldPerson = world.people.alice,
): Promise<Page> {
  await browser.open(`${world.issuer}/device`);
  browser.fill('user-code', userCode);
  await browser.click('device-continue');
  if (browser.page().find('login-submit') !== undefined) await signIn(browser, person);
  return browser.page();
}

export async function decide(world: World, userCode: string, decision: 'allow' | 'deny'): Promise<Browser> {
  const browser = world.browser();
  await enter(world, browser, userCode);
  await browser.click(`device-${decision}`);
  assert.notEqual(browser.page().find('device-done'), undefined, browser.page().text);
  return browser;
}

export async function approved(
  world: World,
  id = 'tv',
  changes: Changes = {},
): Promise<Device & Codes & { readonly browser: Browser }> {
  const own = device(world, id);
  const codes = codesOf(await own.ask(changes));
  const browser = await decide(world, codes.userCode, 'allow');
  return { ...own, ...codes, browser };
}
