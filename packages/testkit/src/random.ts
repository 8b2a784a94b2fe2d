/** Randomness that is the same on each run: SHA-256 in counter mode over a seed. */
import { createHash } from 'node:crypto';
import type { Runtime } from '@castellan/protocol';

/**
 * Makes a source of bytes that look random and repeat with the seed. For tests only: anybody can compute them.
 *
 * @example const randomBytes = seededRandom('token-code');
 */
export function seededRandom(seed: string): Runtime['randomBytes'] {
  let counter = 0;
  return (size) => {
    const blocks: Buffer[] = [];
    for (let length = 0; length < size; length += 32) {
      blocks.push(createHash('sha256').update(`${seed}\n${counter}`).digest());
      counter += 1;
    }
    return Buffer.concat(blocks).subarray(0, size);
  };
}
