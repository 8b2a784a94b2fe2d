/** Notices values that ought to be new for each request and are not. It tells; it refuses nothing. */
import { createBoundedMap, hashSecret } from '@castellan/protocol';
import type { CheckedRequest } from './check.ts';

export interface RepeatWatch {
  /**
   * Which values of this request another browser has sent before. The same browser may: people reload and go back.
   */
  readonly see: (
    request: Pick<CheckedRequest, 'client' | 'codeChallenge' | 'nonce'>,
    browser: string,
  ) => readonly RepeatedParameter[];
}

type RepeatedParameter = 'code_challenge' | 'nonce';

/** A watch of one node over its last `capacity` values; another node has its own. */
export function createRepeatWatch(capacity: number): RepeatWatch {
  const seen = createBoundedMap<string, string>(capacity);
  return {
    see: ({ client, codeChallenge, nonce }, browser) => {
      const values = { code_challenge: codeChallenge, nonce };
      const browserHash = hashSecret(browser);
      return (['code_challenge', 'nonce'] as const).filter((parameter) => {
        const value = values[parameter];
        if (value === undefined) return false;
        const key = hashSecret(JSON.stringify([client, parameter, value]));
        const before = seen.get(key);
        seen.set(key, before ?? browserHash);
        return before !== undefined && before !== browserHash;
      });
    },
  };
}
