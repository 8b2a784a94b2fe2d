/**
 * Form tokens: proof that a form was served by us, for this purpose, to this browser.
 *
 * They stand beside the Origin check of `protocol`, so that one of both going wrong opens nothing. A token is bound
 * to values and not to a time: what it is bound to (a parked request, a session) ends and takes it along.
 */
import { createHmac } from 'node:crypto';
import { refuse, secretsEqual } from '@castellan/protocol';

/** What a form does. Tokens of one purpose are worth nothing for another. */
export type FormPurpose = 'login' | 'consent' | 'logout' | 'user-code' | 'device' | 'set-password' | 'account';

export interface FormTokens {
  /** `bindings` are everything that must be the same when the form comes back; the browser's cookie first. */
  readonly issue: (purpose: FormPurpose, bindings: readonly string[]) => string;
  /**
   * @throws {Refusal} `csrf_rejected`
   */
  readonly check: (purpose: FormPurpose, bindings: readonly string[], sent: string | undefined) => void;
}

/** Form tokens under a key of their own. */
export function createFormTokens(key: Buffer): FormTokens {
  const issue: FormTokens['issue'] = (purpose, bindings) =>
    // JSON keeps the parts apart: ['a', 'bc'] and ['ab', 'c'] differ.
    createHmac('sha256', key)
      .update(JSON.stringify([purpose, ...bindings]))
      .digest('base64url');
  return {
    issue,
    check: (purpose, bindings, sent) => {
      if (sent === undefined) refuse('csrf_rejected', { detail: 'the form token is missing' });
      if (!secretsEqual(sent, issue(purpose, bindings))) refuse('csrf_rejected', { detail: 'the form token is wrong' });
    },
  };
}
