/** What an issuer's no means for a person. */
import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import { CommandError } from '../failure.ts';

const words: Readonly<Record<string, string>> = {
  access_denied: 'It was denied.',
  expired_token: 'The code has expired. Start again.',
  unauthorized_client: 'The issuer does not let this client use the device flow.',
  invalid_client: 'The issuer does not know this client, or wants it to prove itself.',
  invalid_scope: 'The issuer does not let this client ask for this scope.',
  invalid_target: 'The issuer does not let this client ask for this resource.',
};

/** The error for a person. No text that the issuer wrote is in it, nor anything of a token. */
export function describeIssuerError(error: unknown): unknown {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    const code = /^[a-z_]{1,60}$/.test(error.error) ? error.error : 'an error';
    return new CommandError(words[code] ?? `The issuer refused: ${code}.`);
  }
  if (error instanceof ClientError) return new CommandError('The issuer’s answer cannot be used.');
  return error;
}
