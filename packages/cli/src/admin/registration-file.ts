/** A registration in a file, as JSON or YAML: the shape of the configuration, without secrets. */
import { readFile } from 'node:fs/promises';
import { isJsonObject, readJson } from '@castellan/protocol';
import { parseDocument } from 'yaml';
import { CommandError } from '../failure.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads an object from a file; YAML by its name, else JSON.
 *
 * Does not check that it is a registration.
 *
 * @throws {CommandError} naming the file, and never quoting it: somebody may have written a secret into it
 */
export async function readObject(file: string): Promise<JsonObject> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new CommandError(`${file} cannot be read.`);
  });
  const value = /\.ya?ml$/i.test(file) ? readYaml(file, text) : readStrictJson(file, text);
  if (!isJsonObject(value)) throw new CommandError(`${file} does not hold one object.`);
  return value;
}

function readStrictJson(file: string, text: string): unknown {
  const { value, problem } = readJson(text);
  if (problem !== undefined) throw new CommandError(`${file} is not JSON: ${problem}.`);
  return value;
}

/** A key twice is an error, and so is everything that JSON could not say. */
function readYaml(file: string, text: string): unknown {
  const document = parseDocument(text, { schema: 'core', uniqueKeys: true, prettyErrors: false });
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) throw new CommandError(`${file} is not YAML: ${error.code}, at character ${error.pos[0]}.`);
  return JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 0 }))) as unknown;
}
