/** One spelling for each login name, used before storing, finding and limiting alike. */

const longest = 128;
/** Letters, marks, digits and what e-mail addresses need; nothing that is drawn as nothing. */
const syntax = /^[\p{L}\p{M}\p{N}._+@'-]+$/u;
const invisible = /\p{Default_Ignorable_Code_Point}/u;

/**
 * The canonical form of a login name: trimmed, NFKC, lower case; undefined when it cannot be one.
 *
 * Canonicalising twice changes nothing. Does not tell look-alike letters of different scripts apart.
 *
 * @example canonicalLoginName(' Anna@Example.ORG '); // 'anna@example.org'
 */
export function canonicalLoginName(text: string): string | undefined {
  // A bound before the work: NFKC can lengthen a text many times over.
  if (text.length > 4 * longest || !text.isWellFormed()) return undefined;
  const once = fold(text.trim());
  const name = fold(once);
  const problem = name !== fold(name) || name === '' || Array.from(name).length > longest;
  return problem || !syntax.test(name) || invisible.test(name) ? undefined : name;
}

/** Lower case can undo NFKC, so each step of {@link canonicalLoginName} applies both and checks that it has settled. */
function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC').trim();
}
