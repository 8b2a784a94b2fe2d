/**
 * `npm run -s flow -- [name=value ...]`: the code flow with any parameters, against the running demo.
 *
 * `issuer=…` and `client_id=…` name others than the demo's; `token.name=value` goes into the token request; everything
 * else into the authorization request. The tokens go into a file for their owner, what they say to the terminal.
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { systemRuntime } from '@castellan/protocol';
import { beginFlow, claimsIn, finishFlow, type Tokens } from './code-flow.ts';

const file = '.castellan/tokens.json';
const given = process.argv.slice(2).map((argument) => {
  const end = argument.indexOf('=');
  if (end < 1) throw new Error(`${argument} is not name=value.`);
  return [argument.slice(0, end), argument.slice(end + 1)] as const;
});
const { issuer = 'http://localhost:4000', client_id: client = 'invoices-cli', ...rest } = Object.fromEntries(given);
const forToken = Object.entries(rest).filter(([name]) => name.startsWith('token.'));
const redeem = Object.fromEntries(forToken.map(([name, value]) => [name.slice('token.'.length), value]));
const ask = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('token.')));

const received = Promise.withResolvers<URLSearchParams>();
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const isAnswer = url.pathname === '/callback';
  response.writeHead(isAnswer ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(isAnswer ? 'This page can be closed: go on in the terminal.\n' : 'Nothing here.\n');
  if (isAnswer) received.resolve(url.searchParams);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
const attempt = await beginFlow({ issuer, client, redirectUri, ask }, systemRuntime);
process.stderr.write(`Open this address in a browser and sign in:\n\n${attempt.url}\n\n`);
await finishFlow(attempt, await received.promise, { fetch: systemRuntime.fetch, redeem }).then(show, tell);
server.close();

function tell(error: Error): void {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function show(tokens: Tokens): void {
  writeFileSync(file, `${JSON.stringify(tokens, undefined, 2)}\n`, { mode: 0o600 });
  const { access_token: access, refresh_token: refresh, id_token: id, ...told } = tokens;
  const said = {
    ...told,
    has_refresh_token: refresh !== undefined,
    access_token_says: access.includes('.') ? claimsIn(access) : 'nothing: it is opaque',
    ...(id === undefined ? {} : { id_token_says: claimsIn(id) }),
  };
  process.stdout.write(`${JSON.stringify(said, undefined, 2)}\n`);
  process.stderr.write(`The tokens themselves are in ${file}.\n`);
}
