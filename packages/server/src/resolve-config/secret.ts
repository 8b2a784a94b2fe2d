/** Reads secrets from where the configuration says they are: a file or the environment. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { hashSecret, parsePrefixedToken, tokenPrefixes } from '@castellan/protocol';
import type { SecretSource } from '../config.ts';
import type { ProblemList } from './problems.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SecretPlace {
  readonly key: string;
  readonly source: SecretSource;
  readonly environment: Environment;
  readonly problems: ProblemList;
}

/** Fewer different bytes than this and the secret was typed, not drawn. */
const fewestDifferent = 10;
const largestFile = 4096;
const masterKeyForm = '32 random bytes as base64url (43 characters)';
const clientSecretForm = '32 to 256 random characters of A-Z a-z 0-9 - . _ ~';

/** The master key; in a file it must be closed to everyone but its owner. */
export function readMasterKey(place: SecretPlace): Buffer | undefined {
  const text = readSecret(place, { form: masterKeyForm, ownerOnly: true });
  if (text === undefined) return undefined;
  const key = Buffer.from(text, 'base64url');
  if (key.length === 32 && key.toString('base64url') === text && new Set(key).size >= fewestDifferent) return key;
  place.problems.add({ key: place.key, found: 'something else', allowed: masterKeyForm });
  return undefined;
}

/** The hash of a client's secret; the text is dropped here and goes nowhere else. */
export function readClientSecretHash(place: SecretPlace): string | undefined {
  const text = readSecret(place, { form: clientSecretForm, ownerOnly: false });
  if (text === undefined) return undefined;
  if (
    text.startsWith(tokenPrefixes.clientSecret) &&
    parsePrefixedToken(tokenPrefixes.clientSecret, text) === undefined
  ) {
    const found = 'a secret of ours whose checksum does not fit';
    place.problems.add({ key: place.key, found, allowed: 'the whole secret, as it was generated' });
    return undefined;
  }
  if (/^[A-Za-z0-9\-._~]{32,256}$/.test(text) && new Set(text).size >= fewestDifferent) return hashSecret(text);
  place.problems.add({ key: place.key, found: 'something else', allowed: clientSecretForm });
  return undefined;
}

interface SecretRules {
  readonly form: string;
  readonly ownerOnly: boolean;
}

function readSecret(place: SecretPlace, rules: SecretRules): string | undefined {
  const { source, key, problems } = place;
  if ('file' in source) return readSecretFile(place, source.file, rules);
  const text = place.environment[source.env];
  if (text === undefined || text === '') {
    problems.add({ key: `${key}.env`, found: 'no such environment variable, or an empty one', allowed: rules.form });
    return undefined;
  }
  return text;
}

function readSecretFile(place: SecretPlace, path: string, rules: SecretRules): string | undefined {
  const key = `${place.key}.file`;
  const file = openFile(path);
  if (file === undefined) {
    place.problems.add({ key, found: 'no file that can be read', allowed: `a file with ${rules.form}` });
    return undefined;
  }
  try {
    const { mode, size } = fstatSync(file);
    // Windows has no such bits: there a file is as closed as its folder.
    if (rules.ownerOnly && process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const found = `a file that others may read (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`;
      place.problems.add({ key, found, allowed: 'a file for its owner alone (mode 0600 or 0400)' });
      return undefined;
    }
    if (size > largestFile) {
      place.problems.add({ key, found: 'a large file', allowed: `a file with ${rules.form}` });
      return undefined;
    }
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } finally {
    closeSync(file);
  }
}

function openFile(path: string): number | undefined {
  try {
    const file = openSync(path, 'r');
    if (fstatSync(file).isFile()) return file;
    closeSync(file);
    return undefined;
  } catch {
    // Whatever stands in the way, the operator hears which key it was; the system's text would show the path.
    return undefined;
  }
}
