/** How an event tells of an unexpected error. */

/** Characters of a stack that are looked through; its top frame is among them. */
const longest = 2000;

/**
 * The name, the code and the place of an error: never its message, which may quote whatever was being read, and look
 * like a frame of the stack.
 *
 * @example describeFailure(error); // TypeError at invoices.ts:42
 */
export function describeFailure(error: unknown): string {
  // What somebody sent may have become a member of an error, and even the stack is written only when it is read.
  try {
    return error instanceof Error ? describeError(error) : `a thrown ${typeof error}`;
  } catch {
    return 'an error that cannot be read';
  }
}

function describeError(error: Error & { readonly code?: unknown }): string {
  const { code, message, stack = '' } = error;
  const name = /^[A-Za-z]{1,60}$/.test(error.name) ? error.name : 'Error';
  const word = typeof code === 'string' && /^[A-Za-z0-9_]{1,60}$/.test(code) ? ` ${code}` : '';
  const start = stack.indexOf(message);
  const frames = start < 0 ? stack : stack.slice(start + message.length);
  const frame = /^ {4}at .*?([\w.-]{1,80}\.[cm]?[jt]s):(\d+):\d+\)?$/m.exec(frames.slice(0, longest));
  return `${name}${word}${frame === null ? '' : ` at ${frame[1]}:${frame[2]}`}`;
}
