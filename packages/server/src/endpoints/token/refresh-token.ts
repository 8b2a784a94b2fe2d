/** The refresh token grant: what is peculiar to it (RFC 6749 §6, RFC 9700 §4.14). */
import { epochSeconds, hashSecret, type Runtime, refuse } from '@castellan/protocol';
import {
  createRefreshToken,
  parseRefreshToken,
  type RefreshPosition,
  sealSuccessor,
  unsealSuccessor,
} from '../../authorizations/refresh-family.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { FoundFamily, RefreshFamilyStore } from '../../store/store.ts';
import type { Grant } from './token.ts';

export interface RefreshTokenDeps {
  readonly store: RefreshFamilyStore;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  readonly tagKey: Buffer;
  /** Seconds. */
  readonly lifetimes: { readonly refreshIdle: number };
  /** Window in seconds. */
  readonly refreshRetry: { readonly window: number; readonly limit: number };
}

export function refreshTokenGrant(deps: RefreshTokenDeps): Grant {
  return {
    invalid: 'refresh_invalid',
    find: async ({ parameters }) => {
      const { refresh_token: token, scope } = parameters;
      if (token === undefined) return refuse('missing_parameter', { detail: 'no refresh_token' });
      const position = parseRefreshToken(token, deps.tagKey);
      const now = epochSeconds(deps.runtime);
      const found = position === undefined ? undefined : await deps.store.findFamily(position.family, now);
      if (position === undefined || found === undefined) return undefined;
      return {
        ...found,
        askedScope: scope,
        nonce: undefined,
        // Nothing more: generation, window and expiry are decided where they are changed, in one commit.
        check: () => {},
        redeem: (exchange) => present(deps, { token, position, found }, exchange),
      };
    },
  };
}

interface Presentation {
  readonly token: string;
  readonly position: RefreshPosition;
  readonly found: FoundFamily;
}

/** The successor: a new one, or for an honest retry the same again. */
async function present(deps: RefreshTokenDeps, presentation: Presentation, exchange: Exchange): Promise<string> {
  const { token, position } = presentation;
  const now = epochSeconds(deps.runtime);
  const successor = createRefreshToken({ family: position.family, generation: position.generation + 1 }, deps);
  const verdict = await deps.store.presentRefresh(
    {
      ...position,
      presentedHash: hashSecret(token),
      successorHash: hashSecret(successor),
      sealedSuccessor: sealSuccessor(successor, { token, position }, deps.runtime),
      retryWindow: deps.refreshRetry.window,
      retryLimit: deps.refreshRetry.limit,
      idleExpiresAt: now + deps.lifetimes.refreshIdle,
      now,
    },
    presentationEvents(presentation, exchange),
  );
  if (verdict.verdict === 'rotated') return successor;
  if (verdict.verdict === 'retried') return unsealSuccessor(verdict.sealedSuccessor, { token, position });
  return refuse(presentationRefusals[verdict.verdict], { detail: `generation ${position.generation}` });
}

const presentationRefusals = {
  refused: 'refresh_retry_refused',
  reused: 'refresh_reused',
  expired: 'refresh_expired',
  revoked: 'authorization_revoked',
  unknown: 'refresh_invalid',
} as const;

function presentationEvents(
  { position, found }: Presentation,
  exchange: Exchange,
): Parameters<RefreshFamilyStore['presentRefresh']>[1] {
  const { id: authorization, client, person } = found.authorization;
  const subject = { authorization, client };
  const { generation } = position;
  return {
    rotated: exchange.effects({ type: 'refresh.rotated', ...subject, generation }),
    retried: exchange.effects({ type: 'refresh.retried', ...subject, generation }),
    reused: exchange.effects(
      { type: 'refresh.reused', ...subject, generation },
      { type: 'authorization.revoked', ...subject, person, reason: 'refresh_reuse' },
    ),
  };
}
