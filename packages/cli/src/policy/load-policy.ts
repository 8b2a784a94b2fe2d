/** Finds the policy that a module exports. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { definePolicy, type Policy, type Rule, type Vocabulary } from '@castellan/policy';
import { CommandError } from '../failure.ts';

/**
 * Imports a module and takes its policy: the export called `policy`, else the only one that is a policy.
 *
 * The policy is built again from its data, so that the module's own version of the engine does not matter.
 *
 * @throws {CommandError} when there is no such file, or no policy in it, or several
 * @throws {PolicyError} when the policy is not sound
 */
export async function loadPolicy(file: string): Promise<Policy<Vocabulary>> {
  const path = resolve(file);
  if (!existsSync(path)) throw new CommandError(`There is no file ${file}.`);
  const exported = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  const policies = Object.entries(exported).filter(([, value]) => isPolicy(value));
  const found = exported['policy'] ?? (policies.length === 1 ? policies[0]?.[1] : undefined);
  if (!isPolicy(found))
    throw new CommandError(
      problemOf(
        file,
        policies.map(([name]) => name),
      ),
    );
  return definePolicy(found.vocabulary, () => found.rules);
}

interface PolicyData {
  readonly vocabulary: Vocabulary;
  readonly rules: readonly Rule[];
}

function isPolicy(value: unknown): value is PolicyData {
  if (typeof value !== 'object' || value === null) return false;
  const { vocabulary, rules } = value as Partial<PolicyData>;
  return typeof vocabulary === 'object' && vocabulary !== null && Array.isArray(rules);
}

function problemOf(file: string, names: readonly string[]): string {
  if (names.length > 1) return `${file} exports several policies: ${names.join(', ')}. Call one of them «policy».`;
  return `${file} exports no policy. It should say: export const policy = definePolicy(…)`;
}
