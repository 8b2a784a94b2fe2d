/** The logout token: tells one client that a session, of which its ID tokens speak, has ended. */
import { epochSeconds, type Runtime, signJwt } from '@castellan/protocol';
import type { SubjectOf } from '../accounts/subject.ts';
import type { Client } from '../clients/client.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { LogoutNoticeRow } from '../store/logout-store.ts';
import type { SessionNames } from './session-name.ts';

export interface LogoutTokenDeps {
  readonly issuer: string;
  readonly keys: Pick<KeyRing, 'signer'>;
  readonly subjectOf: SubjectOf;
  readonly sessionNames: Pick<SessionNames, 'nameOf'>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
}

/** Seconds: as long as the specification recommends at most. */
const lifetime = 120;

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';

/**
 * Signs as the client's ID tokens are signed, and names session and person as those did. Never a `nonce`, so that it
 * passes for no ID token.
 *
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken
 */
export async function issueLogoutToken(
  deps: LogoutTokenDeps,
  client: Client,
  notice: LogoutNoticeRow,
): Promise<string> {
  const now = epochSeconds(deps.runtime);
  return signJwt(await deps.keys.signer(client.idTokenAlgorithm), 'logout+jwt', {
    iss: deps.issuer,
    sub: deps.subjectOf(notice.person, notice),
    aud: client.id,
    iat: now,
    exp: now + lifetime,
    jti: deps.runtime.randomBytes(16).toString('base64url'),
    sid: deps.sessionNames.nameOf(notice.session, notice),
    events: { [logoutEvent]: {} },
  });
}
