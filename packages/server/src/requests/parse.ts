/** Reads the parameters of an authorization request, before anything about them is known to be true. */
import { parseForm } from '@castellan/protocol';

/** What was sent. An empty value counts as omitted (RFC 6749 §3.1); unknown parameters are never asked for. */
export interface SentParameters {
  /** The value of a parameter that came once. */
  readonly get: (name: string) => string | undefined;
  /** Names that came more than once, `resource` excepted (RFC 8707 §2). */
  readonly repeated: ReadonlySet<string>;
  readonly resources: readonly string[];
}

/** The one parameter that may come more than once. */
const repeatable = 'resource';

/**
 * Parses a query, or the body of a form. Repeats are told and not refused here: before client and redirect URI are
 * known to be right, nobody knows where the refusal may go.
 *
 * @throws {Refusal} `malformed_request` when the text is not form-encoded
 */
export function parseParameters(text: string): SentParameters {
  const form = parseForm(text);
  const repeated = new Set<string>();
  for (const [name, values] of form) if (values.length > 1 && name !== repeatable) repeated.add(name);
  return {
    get: (name) => {
      const values = form.get(name);
      return values?.length === 1 && values[0] !== '' ? values[0] : undefined;
    },
    repeated,
    resources: (form.get(repeatable) ?? []).filter((value) => value !== ''),
  };
}
