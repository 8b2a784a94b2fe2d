/** What a person is told when a command cannot go on. */
import { ConfigError } from '@castellan/server';

/** A failure whose message is already meant for a person. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** A wrong project file, told whole: of each key what was found and what is allowed. */
export class ProjectError extends Error {
  override readonly name = 'ProjectError';

  constructor(
    file: string,
    problems: readonly { readonly key: string; readonly found: string; readonly allowed: string }[],
  ) {
    const lines = problems.map(({ key, found, allowed }) => `  ${key}: found ${found}; allowed is ${allowed}`);
    super(`${file} cannot be used:\n${lines.join('\n')}`);
  }
}

/**
 * The lines for an error of any kind, without a stack trace.
 *
 * @example process.stderr.write(`${describeFailure(error)}\n`);
 */
export function describeFailure(error: unknown): string {
  if (error instanceof CommandError || error instanceof ProjectError || error instanceof ConfigError)
    return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `castellan could not go on: ${message}`;
}
