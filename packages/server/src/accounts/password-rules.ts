/** What a new password must be: long enough, nothing else. No composition rules (NIST SP 800-63B-4 §3.1.1.2). */

/** For a password that is the only factor, in characters after NFKC. */
const shortestPassword = 15;
/** Stated, so that nothing is ever cut. */
const longestPassword = 256;

/**
 * Why a new password is not accepted; undefined when it is.
 *
 * Does not compare with lists of leaked passwords.
 *
 * @example passwordProblem('short'); // 'is shorter than 15 characters'
 */
export function passwordProblem(password: string): string | undefined {
  // An unpaired surrogate would be stored as U+FFFD, which any other one fits.
  if (!password.isWellFormed()) return 'is not valid Unicode';
  // Before NFKC, which can lengthen a text many times over.
  if (password.length > 4 * longestPassword) return `is longer than ${longestPassword} characters`;
  const length = Array.from(password.normalize('NFKC')).length;
  if (length < shortestPassword) return `is shorter than ${shortestPassword} characters`;
  return length > longestPassword ? `is longer than ${longestPassword} characters` : undefined;
}
