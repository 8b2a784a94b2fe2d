/** What is wrong with a configuration: collected whole, so that one start tells everything. */

/** One thing that is wrong. None of the texts holds a secret's value. */
export interface ConfigProblem {
  /** Where: `clients[0].redirectUris[1]`. */
  readonly key: string;
  readonly found: string;
  readonly allowed: string;
}

/**
 * The configuration cannot be used; `problems` names every key, what was found there and what is allowed.
 *
 * It does not prove that the rest is right: rules that join two keys are only checked once both are well-formed.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ key, found, allowed }) => `  ${key}: found ${found}; allowed is ${allowed}`);
    super(`The configuration cannot be used:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/** Collects problems; the first one at a key is the one that is told. */
export interface ProblemList {
  readonly add: (problem: ConfigProblem) => void;
  readonly all: () => readonly ConfigProblem[];
}

export function problemList(): ProblemList {
  const problems = new Map<string, ConfigProblem>();
  return {
    add: (problem) => {
      if (!problems.has(problem.key)) problems.set(problem.key, problem);
    },
    all: () => [...problems.values()],
  };
}

/** The key of a part's member, or of an item of a list; of the member alone when the part is the whole. */
export function joinKey(key: string, step: PropertyKey): string {
  if (typeof step === 'number') return `${key}[${step}]`;
  return key === '' ? String(step) : `${key}.${String(step)}`;
}

/** Keys under which even a wrong value may be a secret that somebody put into the wrong place. */
const secretKey = /secret|masterkey|password|store/i;

const longestShown = 120;

/** Says what a value is, without ever showing one that may be a secret. */
export function describeValue(key: string, value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return typeof value === 'function' ? 'a function' : String(value);
  if (secretKey.test(key) || carriesCredentials(value)) return 'a text (not shown)';
  return JSON.stringify(value.length > longestShown ? `${value.slice(0, longestShown)}…` : value);
}

function carriesCredentials(text: string): boolean {
  return URL.canParse(text) && new URL(text).password !== '';
}
