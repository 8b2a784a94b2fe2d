/** `castellan resource`: registered APIs, in the shell. */
import { type Command, InvalidArgumentError } from 'commander';
import { CommandError } from '../failure.ts';
import type { AdminDeps } from './admin.ts';
import { said } from './client.ts';
import { type Noun, registrationCommand } from './registration.ts';
import { readObject } from './registration-file.ts';

/** The commands, to be added to a program. */
export function resourceCommand(deps: AdminDeps): Command {
  return registrationCommand(resource, deps);
}

interface ResourceOptions {
  readonly name?: string;
  readonly scope?: readonly string[];
  readonly algorithm?: string;
  readonly lifetime?: number;
  readonly tokenFormat?: string;
  readonly credentials?: string;
  readonly authentication?: string;
  readonly jwks?: string;
  readonly jwksUri?: string;
  readonly highValue?: boolean;
}

const resource: Noun<ResourceOptions> = {
  name: 'resource',
  description: 'APIs that tokens are for',
  key: 'audience',
  of: ({ resources }) => resources,
  withOptions: (command) =>
    command
      .option('--name <text>', 'shown on the consent page')
      .option('--scope <scopes...>', "each with what it lets a client do: --scope 'invoices:read=Read your invoices'")
      .option('--algorithm <name>', 'that signs its tokens')
      .option('--lifetime <seconds>', 'of its access tokens, 60 to 900', parseSeconds)
      .option('--token-format <format>', 'jwt, or reference for tokens that it has to ask about')
      .option('--credentials <id>', 'by which it proves itself when it asks about tokens')
      .option('--authentication <method>', 'how: client_secret_basic unless said, client_secret_post, private_key_jwt')
      .option('--jwks <file>', 'its public keys, for private_key_jwt')
      .option('--jwks-uri <url>', 'where its public keys are, for private_key_jwt')
      .option('--high-value', 'only for clients that prove themselves by more than a secret'),
  read: async ({ scope, lifetime, highValue, name, algorithm, tokenFormat, ...proof }) =>
    said({
      name,
      scopes: scope === undefined ? undefined : Object.fromEntries(scope.map(parseScope)),
      algorithm,
      accessTokenLifetime: lifetime,
      tokenFormat,
      secretOnlyClients: highValue === true ? false : undefined,
      credentials: await readCredentials(proof),
    }),
  begin: () => ({}),
};

type Proof = Pick<ResourceOptions, 'credentials' | 'authentication' | 'jwks' | 'jwksUri'>;

async function readCredentials(proof: Proof): Promise<object | undefined> {
  const { credentials: id, authentication, jwks, jwksUri } = proof;
  if (id !== undefined) {
    const method = authentication ?? 'client_secret_basic';
    return said({ id, authentication: method, jwks: jwks === undefined ? undefined : await readObject(jwks), jwksUri });
  }
  if (authentication === undefined && jwks === undefined && jwksUri === undefined) return undefined;
  throw new CommandError('How an API proves itself is said whole: --credentials <id> belongs to it.');
}

function parseScope(text: string): readonly [scope: string, description: string] {
  const [scope = '', ...description] = text.split('=');
  if (description.length > 0) return [scope, description.join('=')];
  throw new CommandError(`What does the scope ${scope} let a client do? --scope '${scope}=Read your invoices'`);
}

function parseSeconds(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('A lifetime is a number of seconds.');
  return Number(text);
}
