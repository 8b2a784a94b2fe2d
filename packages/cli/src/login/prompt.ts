/** What stands on the screen while the person signs in elsewhere. */
import { styleText } from 'node:util';
import { renderUnicodeCompact } from 'uqr';

export interface Prompt {
  readonly userCode: string;
  readonly page: string;
  /** The page with the code in it. */
  readonly complete: string;
  readonly minutes: number;
}

/** The whole text; everything in it was checked to be printable. */
export function renderPrompt({ userCode, page, complete, minutes }: Prompt): string {
  return [
    '',
    `Open ${styleText('cyan', page)}`,
    `and enter the code ${styleText('bold', userCode)}`,
    '',
    renderUnicodeCompact(complete, { border: 2 }),
    '',
    `Or scan this with a phone. Check there that the code is ${userCode} before you allow anything.`,
    `Waiting for at most ${minutes} minutes…`,
    '',
  ].join('\n');
}
