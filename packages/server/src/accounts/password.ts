/**
 * Password hashes: Argon2id of node:crypto behind a port, with bounded concurrency.
 *
 * Owns: the PHC string, the cost, NFKC, and how many hashes run at once.
 * Does not own: who may try, how often, nor what a good password is (`password-rules.ts`).
 */
// `argon2` is read from the module when it is used: a Node that lacks it must still get as far as being told so.
import * as crypto from 'node:crypto';
import { promisify } from 'node:util';
import { type Runtime, refuse } from '@castellan/protocol';

export interface PasswordHasher {
  /** A PHC string with a new salt and the current cost. @throws {Refusal} `overloaded` */
  readonly hash: (password: string) => Promise<string>;
  /**
   * Whether the password fits. Without a stored hash it does the same work and answers `wrong`.
   *
   * @throws {Refusal} `overloaded`
   */
  readonly verify: (password: string, stored: string | undefined) => Promise<PasswordVerdict>;
}

/** `outdated`: it fits, but the hash was made with a lower cost than is used now. */
type PasswordVerdict = 'right' | 'outdated' | 'wrong';

/** Memory in KiB, passes, lanes. */
export interface PasswordCost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** The first choice of OWASP's password storage guidance for Argon2id. */
export const defaultCost: PasswordCost = Object.freeze({ memory: 19_456, passes: 2, parallelism: 1 });

export interface PasswordHasherOptions {
  readonly runtime: Pick<Runtime, 'randomBytes'>;
  readonly cost?: PasswordCost;
  /** Hashes at once. */
  readonly concurrency?: number;
  /** Hashes that may wait; what comes beyond is refused. */
  readonly queue?: number;
}

interface PasswordHash {
  readonly cost: PasswordCost;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

/** Beyond these a stored hash is not ours: computing it could take the server down. */
const bounds = { memory: 1_048_576, passes: 64, parallelism: 16 };
const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{22,86})$/;
const argon2Async = promisify(crypto.argon2);

/**
 * Hashes and verifies passwords.
 *
 * @example const hasher = createPasswordHasher({ runtime }); await hasher.verify(password, person?.passwordHash);
 * @see RFC 9106
 */
export function createPasswordHasher(options: PasswordHasherOptions): PasswordHasher {
  const cost = options.cost ?? defaultCost;
  const slots = createSlots(options.concurrency ?? 2, options.queue ?? 64);
  const decoy: PasswordHash = { cost, salt: options.runtime.randomBytes(16), tag: options.runtime.randomBytes(32) };
  return {
    hash: (password) =>
      slots(async () => {
        const salt = options.runtime.randomBytes(16);
        return formatHash({ cost, salt, tag: await compute(password, { cost, salt, tag: decoy.tag }) });
      }),
    verify: (password, stored) =>
      slots(async () => {
        const known = stored === undefined ? undefined : parseHash(stored);
        const against = known ?? decoy;
        const fits = crypto.timingSafeEqual(await compute(password, against), against.tag);
        // INVARIANT: the decoy never lets anybody in, whatever was computed.
        if (known === undefined || !fits) return 'wrong';
        return weaker(known.cost, cost) ? 'outdated' : 'right';
      }),
  };
}

/** INVARIANT: the same on creating and on verifying: NFKC, and never cut. */
async function compute(password: string, hash: PasswordHash): Promise<Buffer> {
  const { memory, passes, parallelism } = hash.cost;
  const message = Buffer.from(password.normalize('NFKC'));
  return argon2Async('argon2id', {
    message,
    nonce: hash.salt,
    memory,
    passes,
    parallelism,
    tagLength: hash.tag.length,
  });
}

function weaker(stored: PasswordCost, current: PasswordCost): boolean {
  return stored.memory * stored.passes < current.memory * current.passes;
}

function formatHash(hash: PasswordHash): string {
  const { memory, passes, parallelism } = hash.cost;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(hash.salt)}$${base64(hash.tag)}`;
}

function parseHash(text: string): PasswordHash | undefined {
  const [, memory, passes, parallelism, salt, tag] = phc.exec(text) ?? [];
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const sane =
    cost.memory >= 8 * cost.parallelism &&
    cost.memory <= bounds.memory &&
    cost.passes >= 1 &&
    cost.passes <= bounds.passes &&
    cost.parallelism >= 1 &&
    cost.parallelism <= bounds.parallelism;
  if (!sane || salt === undefined || tag === undefined) return undefined;
  return { cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') };
}

/** PHC strings carry base64 without padding. */
function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/={1,2}$/, '');
}

type Slots = <T>(task: () => Promise<T>) => Promise<T>;

/**
 * At most `concurrency` tasks at once, at most `queue` waiting: a flood of sign-ins costs bounded memory and is told to
 * come back, instead of slowing everything down.
 */
function createSlots(concurrency: number, queue: number): Slots {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running < concurrency) running += 1;
    else if (waiting.length >= queue) refuse('overloaded', { detail: 'password hashing queue is full', retryAfter: 1 });
    // A slot is handed over, never freed, while somebody waits: nobody can overtake.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
