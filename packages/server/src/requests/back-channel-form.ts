/** The form of a request that a client's own program sends: to the token endpoint and its like. */
import { type HttpRequest, parseForm, refuse, singleParameters } from '@castellan/protocol';

export interface BackChannelForm {
  /** Without the empty ones and without `resource`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The values of `resource`. */
  readonly resources: readonly string[];
}

/** Parameters that are secret or buy something secret: in a URL they end up in logs and histories. */
const secretParameters = [
  'client_secret',
  'client_assertion',
  'code',
  'code_verifier',
  'device_code',
  'refresh_token',
  'access_token',
  'password',
] as const;

/**
 * Reads the form.
 *
 * @throws {Refusal} `secret_in_url`, `malformed_request`, `repeated_parameter`
 */
export function parseBackChannelForm(request: Pick<HttpRequest, 'query' | 'body'>): BackChannelForm {
  const query = parseForm(request.query);
  if (secretParameters.some((name) => query.has(name))) refuse('secret_in_url');
  const form = parseForm(request.body);
  const resources = (form.get('resource') ?? []).filter((resource) => resource !== '');
  return { parameters: singleParameters(form, ['resource']), resources };
}
