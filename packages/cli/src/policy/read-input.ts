/** Reads what a command is given as JSON. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Policy, Vocabulary } from '@castellan/policy';
import type { MatrixCase } from '@castellan/policy/analysis';
import { isJsonObject, readJson } from '@castellan/protocol';
import { CommandError } from '../failure.ts';

type AnyRequest = Parameters<Policy<Vocabulary>['explain']>[0];

/** @throws {CommandError} when it is not a request; whether its parts fit the policy is for the policy to say */
export async function readRequest(file: string): Promise<AnyRequest> {
  const request = parse(file, file === '-' ? await text(process.stdin) : await readFile(file, 'utf8'));
  const missing = ['principal', 'scopes', 'action', 'resource'].filter((name) => request[name] === undefined);
  if (missing.length > 0) throw new CommandError(`${nameOf(file)} lacks ${missing.join(', ')}.`);
  return { context: {}, ...request } as unknown as AnyRequest;
}

/** @throws {CommandError} when a line is not a case */
export async function readRecordedCases(file: string): Promise<readonly MatrixCase[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, index) => {
    const one = parse(`${file}:${index + 1}`, line);
    const isCase = ['about', 'name', 'principal', 'scopes', 'resource', 'context', 'expect', 'finds'].every((name) =>
      Object.hasOwn(one, name),
    );
    if (!isCase) throw new CommandError(`${file}:${index + 1} is not a case of castellan policy matrix --json.`);
    return one as unknown as MatrixCase;
  });
}

function parse(file: string, json: string): Readonly<Record<string, unknown>> {
  const { value, problem } = readJson(json);
  if (problem !== undefined) throw new CommandError(`${nameOf(file)} cannot be read: ${problem}.`);
  if (!isJsonObject(value)) throw new CommandError(`${nameOf(file)} is not a JSON object.`);
  return value;
}

function nameOf(file: string): string {
  return file === '-' ? 'The standard input' : file;
}
