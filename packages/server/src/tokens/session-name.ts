/**
 * By what name a client knows a session: the `sid` of its ID tokens and logout tokens.
 *
 * One session serves many clients. Where two sectors may not tell that they know the same person, its id would tell
 * them: so each sector has its own name for it. The name is never turned back; an ID token carries the id too, sealed.
 */
import { createHmac } from 'node:crypto';
import type { Runtime } from '@castellan/protocol';
import { deriveKey } from '../keys/master-key.ts';
import { seal, unseal } from '../keys/seal.ts';

/** As for the names of people: undefined for whoever is told what everybody is told. */
interface InSector {
  readonly sector: string | undefined;
}

export interface SessionNames {
  readonly nameOf: (session: string, knower: InSector) => string;
  /** What an ID token says of the session. */
  readonly claimsOf: (session: string, knower: InSector) => { readonly sid: string; readonly jti?: string };
  /** The session that a verified ID token of ours speaks of. */
  readonly sessionOf: (claims: Readonly<Record<string, unknown>>) => string | undefined;
}

const belongsTo = 'id-token-session';

/** Names the sessions of one server. */
export function createSessionNames(deps: {
  readonly masterKey: Buffer;
  readonly runtime: Pick<Runtime, 'randomBytes'>;
}): SessionNames {
  const nameKey = deriveKey(deps.masterKey, 'session-name');
  const key = deriveKey(deps.masterKey, 'id-token-session');
  const nameOf: SessionNames['nameOf'] = (session, { sector }) =>
    sector === undefined
      ? session
      : createHmac('sha256', nameKey)
          .update(JSON.stringify([sector, session]))
          .digest('base64url');
  return {
    nameOf,
    // INVARIANT: sealed anew each time, so that no two tokens show that they are about the same session.
    claimsOf: (session, knower) => ({
      sid: nameOf(session, knower),
      ...(knower.sector === undefined ? {} : { jti: seal(Buffer.from(session), { key, belongsTo }, deps.runtime) }),
    }),
    sessionOf: ({ sid, jti }) => {
      if (typeof sid !== 'string') return undefined;
      return typeof jti === 'string' ? open(jti, key) : sid;
    },
  };
}

function open(jti: string, key: Buffer): string | undefined {
  try {
    return unseal(jti, { key, belongsTo }).toString();
  } catch {
    // Sealed under another master key: it names no session of this server.
    return undefined;
  }
}
