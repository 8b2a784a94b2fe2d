/** Form parameters of bodies and queries: strict application/x-www-form-urlencoded, and no parameter twice. */
import { decodeFormText } from '../encoding.ts';
import { refuse } from '../oauth/refusal.ts';
import type { HttpRequest } from './message.ts';

const maximumParameters = 200;

/**
 * Reads a form body or a query text; every occurrence of a name is kept.
 *
 * @throws {Refusal} `malformed_request` for a percent sign that encodes nothing, bytes that are not UTF-8, characters
 * outside visible ASCII, a nameless parameter, or more than 200 parameters
 * @example const form = parseForm(request.body);
 * @see RFC 6749 appendix B
 */
export function parseForm(text: string): ReadonlyMap<string, readonly string[]> {
  const form = new Map<string, string[]>();
  const pairs = text.split('&').filter((pair) => pair !== '');
  if (pairs.length > maximumParameters) refuse('malformed_request', { detail: 'too many parameters' });
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = decodeFormText(equals < 0 ? pair : pair.slice(0, equals));
    const value = decodeFormText(equals < 0 ? '' : pair.slice(equals + 1));
    if (!name || value === undefined) return refuse('malformed_request', { detail: 'a parameter is not form-encoded' });
    const values = form.get(name);
    if (values === undefined) form.set(name, [value]);
    else values.push(value);
  }
  return form;
}

/**
 * The parameters that may come once, by name. An empty value counts as omitted. The repeatable ones are left out: read
 * those from the form. The record has no prototype.
 *
 * @throws {Refusal} `repeated_parameter` for any other parameter that comes twice, known or not
 * @example const { code, redirect_uri } = singleParameters(parseForm(request.body), ['resource']);
 * @see RFC 6749 §3.1, §3.2
 */
export function singleParameters(
  form: ReadonlyMap<string, readonly string[]>,
  repeatable: readonly string[],
): Readonly<Record<string, string>> {
  const parameters: Record<string, string> = Object.create(null);
  for (const [name, values] of form) {
    if (repeatable.includes(name)) continue;
    if (values.length > 1) refuse('repeated_parameter', { detail: `repeated: ${speakable(name)}` });
    const [value] = values;
    if (value) parameters[name] = value;
  }
  return parameters;
}

/** Names from outside enter an event only when they look like the names of parameters. */
function speakable(name: string): string {
  return /^[a-z_]{1,40}$/.test(name) ? name : '(unusual name)';
}

/**
 * Whether the one `Content-Type` is application/x-www-form-urlencoded, in UTF-8 if it says.
 *
 * @example if (!formMediaType(request.headers)) refuse('media_type_unsupported');
 */
export function formMediaType(headers: HttpRequest['headers']): boolean {
  const values = headers['content-type'];
  if (values?.length !== 1) return false;
  return /^application\/x-www-form-urlencoded[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i.test(values[0] ?? '');
}
