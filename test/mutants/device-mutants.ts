/** Breaks of the device flow: who may decide, how often, and what a code is good for. */
import { join } from 'node:path/posix';
import type { Break, Line } from './protocol-mutants.ts';

const source = 'packages/server/src';

/** Breaks of one file, which the named test must notice. */
function at(file: string, test: string, lines: readonly Line[]): readonly Break[] {
  return lines.map(([row, breaks, find, replace]) => ({
    row,
    file: join(source, file),
    breaks,
    find,
    replace,
    tests: [test],
  }));
}

const flow = 'test/flows/device.test.ts';
const guessing = 'test/flows/device-guessing.test.ts';
const userCodes = `${source}/authorizations/user-code.test.ts`;
const store = `${source}/store/sqlite.test.ts`;
const command = 'packages/cli/src/login/login.test.ts';

export const deviceMutants: readonly Break[] = [
  ...at('authorizations/user-code.ts', userCodes, [
    ['R-051', 'some letters come up more often', 'byte < fair', 'byte < 256'],
    ['R-051', 'the stored form of a user code needs no key', "createHmac('sha256', key)", "createHmac('sha256', '')"],
  ]),
  ...at('endpoints/device-authorization/device-authorization.ts', flow, [
    ['R-058', 'any client may begin', "if (!client.grants.has(deviceGrantType)) refuse('grant_not_allowed');", ''],
    [
      'R-033',
      'the device code itself is stored',
      'deviceCodeHash: hashSecret(deviceCode)',
      'deviceCodeHash: deviceCode',
    ],
    ['R-051', 'a code lives an hour', 'const lifetime = 600;', 'const lifetime = 3600;'],
  ]),
  ...at('endpoints/device/user-code-limits.ts', guessing, [
    ['R-052', 'an address guesses without end', "    ['userCodePerAddress', addressBucket(exchange.address)],\n", ''],
    ['R-052', 'an account guesses without end', "    ['userCodePerAccount', person],\n", ''],
    ['R-188', 'all together guess without end', "    ['userCodeOverall', ''],\n", ''],
  ]),
  ...at('endpoints/device/device.ts', guessing, [
    ['R-052', 'no try is counted', 'if (code?.claim !== parked.row.idHash) {', 'if (code === null) {'],
  ]),
  ...at('endpoints/device/device.ts', flow, [
    [
      'R-053',
      'the question’s form needs no token',
      "  deps.formTokens.check('device', bindings(request, asking, deps), fields['form_token']);\n",
      '',
    ],
    [
      'R-053',
      'a form of another session decides',
      'parked.row.idHash, session.id, code.deviceCodeHash, rights]',
      'parked.row.idHash, code.deviceCodeHash, rights]',
    ],
    [
      'R-053',
      'the code’s form needs no token',
      "  deps.formTokens.check('user-code', [browser], fields['form_token']);\n",
      '',
    ],
  ]),
  ...at('endpoints/device/device-page.ts', flow, [
    ['R-054', 'the page does not warn', 'Did somebody send or tell you the code or the link?', ''],
    ['R-054', 'the page does not say from where', '${code.address}', ''],
  ]),
  ...at('endpoints/token/device-code.ts', flow, [
    [
      'R-056',
      'a denial is told as if nobody had decided',
      "  if (code.deniedAt !== undefined) refuse('device_denied');\n",
      '',
    ],
    ['R-055', 'the interval does not grow', 'const slowDown = { step: 5,', 'const slowDown = { step: 0,'],
    [
      'R-026',
      'another client is told how far the person got',
      'found === undefined || found.code.client !== request.client.id',
      'found === undefined',
    ],
    ['R-036', 'the state of the person is not looked at', 'personActive: found.personActive', 'personActive: true'],
  ]),
  ...at('requests/park.ts', flow, [
    [
      'R-035',
      'a request passes for a user code',
      "if (!('userCode' in stored)) return refuse('parked_request_gone', { detail: 'a request is no user code' });",
      "if (!('userCode' in stored)) return { id, row, userCodeHash: '' };",
    ],
  ]),
  ...at('store/operations/device-codes.ts', store, [
    ['R-053', 'any session decides', 'claim_hash = $3 AND session_id = $4 AND', "claim_hash = $3 AND $4 <> '' AND"],
    [
      'R-056',
      'a denied code is approved',
      'authorization_id IS NULL AND denied_at IS NULL AND',
      'authorization_id IS NULL AND',
    ],
    ['R-056', 'a code is redeemed again', 'device_code_hash = $1 AND redeemed_at IS NULL', 'device_code_hash = $1'],
    [
      'R-051',
      'an approved code never ends',
      "  if (now >= deviceCodes.read(found, 'd').expiresAt) return 'expired';\n",
      '',
    ],
    ['R-055', 'early polls are not noticed', 'now - polledAt < interval', 'now - polledAt < 0'],
    [
      'R-057',
      'what a logout revoked is redeemed',
      "  if (authorizations.read(locked, 'a').revokedAt !== undefined) return 'revoked';\n",
      '',
    ],
    ['R-057', 'an ended session approves', 'sessionChain === undefined || held === undefined', 'held === undefined'],
  ]),
  ...[['R-218', 'a code drives the terminal', '/^[\\x21-\\x7e]{1,64}$/.test(userCode) && ', ''] as const].map(
    ([row, breaks, find, replace]) => ({
      row,
      file: 'packages/cli/src/login/login.ts',
      breaks,
      find,
      replace,
      tests: [command],
    }),
  ),
];
