/** The first refresh token of an authorization, whichever grant it came by. */
import { hashSecret, newId, type Runtime } from '@castellan/protocol';
import { createRefreshToken } from '../../authorizations/refresh-family.ts';
import type { AuthorizationRow, RefreshFamilyRow } from '../../store/store.ts';

export interface FamilyDeps {
  readonly runtime: Pick<Runtime, 'randomBytes'>;
  readonly tagKey: Buffer;
  /** Seconds. */
  readonly lifetimes: { readonly refreshIdle: number; readonly refreshAbsolute: number };
}

/** A new family in its first generation, for the store; the token goes to the client and nowhere else. */
export function startFamily(
  authorization: Pick<AuthorizationRow, 'id' | 'client'>,
  now: number,
  deps: FamilyDeps,
): { readonly family: RefreshFamilyRow; readonly token: string } {
  const id = newId(deps.runtime);
  const token = createRefreshToken({ family: id, generation: 1 }, deps);
  const absoluteExpiresAt = now + deps.lifetimes.refreshAbsolute;
  const family: RefreshFamilyRow = {
    id,
    authorization: authorization.id,
    client: authorization.client,
    generation: 1,
    currentHash: hashSecret(token),
    sealedSuccessor: undefined,
    retryUntil: undefined,
    retries: 0,
    idleExpiresAt: Math.min(now + deps.lifetimes.refreshIdle, absoluteExpiresAt),
    absoluteExpiresAt,
    createdAt: now,
  };
  return { family, token };
}
