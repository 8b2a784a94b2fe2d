/** Proof Key for Code Exchange, S256 only: the syntax of both halves and whether they fit. */
import { hash } from 'node:crypto';
import { secretsEqual } from '../secret.ts';

/** code-verifier of RFC 7636 §4.1. */
const verifierSyntax = /^[A-Za-z0-9\-._~]{43,128}$/;
/** 32 bytes in base64url: 43 characters, of which the last carries four bits and two that must be zero. */
const challengeSyntax = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/**
 * Whether a text can be an S256 challenge.
 *
 * @example isCodeChallenge(challengeOf(verifier)); // true
 * @see RFC 7636 §4.2
 */
export function isCodeChallenge(text: string): boolean {
  return challengeSyntax.test(text);
}

/**
 * Whether a text can be a verifier.
 *
 * @example isCodeVerifier('short'); // false
 * @see RFC 7636 §4.1
 */
export function isCodeVerifier(text: string): boolean {
  return verifierSyntax.test(text);
}

/**
 * The S256 challenge of a verifier.
 *
 * @throws {TypeError} when the verifier breaks the syntax
 * @example challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk');
 * @see RFC 7636 §4.2
 */
export function challengeOf(verifier: string): string {
  if (!isCodeVerifier(verifier)) throw new TypeError('A code verifier is 43 to 128 characters of A-Z a-z 0-9 - . _ ~.');
  return hash('sha256', verifier, 'base64url');
}

/**
 * Whether a verifier fits a challenge. Text of another syntax never fits; the comparison takes constant time.
 *
 * @example if (!verifierFits(verifier, code.challenge)) refuse('verifier_mismatch');
 * @see RFC 7636 §4.6
 */
export function verifierFits(verifier: string, challenge: string): boolean {
  return isCodeVerifier(verifier) && isCodeChallenge(challenge) && secretsEqual(challengeOf(verifier), challenge);
}
