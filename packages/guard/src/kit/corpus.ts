/** The corpus of hostile tokens (`vectors/tokens.json`): what it says, and where it lies in a clone and in a package. */
import { existsSync, readFileSync } from 'node:fs';
import type { SignatureAlgorithm } from '@castellan/protocol';

export type Members = Readonly<Record<string, unknown>>;

/** One mutation of a valid token, and whether a strict verifier accepts it. The file explains each member. */
export interface TokenCase {
  readonly row: string;
  readonly name: string;
  readonly accepted: boolean;
  readonly header?: Members;
  readonly removeHeader?: readonly string[];
  readonly headerText?: string;
  readonly claims?: Members;
  readonly removeClaims?: readonly string[];
  readonly times?: Readonly<Record<string, number>>;
  readonly claimsText?: string;
  readonly form?: string;
  readonly bits?: 'header' | 'payload' | 'signature';
  readonly signature?: string;
  readonly algorithms?: readonly SignatureAlgorithm[];
}

/** What the verifier of the valid token asks for. */
export interface CorpusRules {
  readonly issuer: string;
  readonly audience: string;
  readonly typ: string;
  readonly requiredClaims: readonly string[];
  readonly clockTolerance: number;
  readonly maxLifetime: number;
}

export interface Corpus {
  readonly rules: CorpusRules;
  /** The claims of the valid token, and its times relative to now. */
  readonly valid: { readonly claims: Members; readonly times: Readonly<Record<string, number>> };
  readonly cases: readonly TokenCase[];
}

/** Beside the sources of a published package, and at the root of a clone. */
const places = ['../../vectors/tokens.json', '../../../../vectors/tokens.json'];

/**
 * The corpus as it is shipped.
 *
 * @example const { cases } = readCorpus();
 */
export function readCorpus(): Corpus {
  const found = places.map((place) => new URL(place, import.meta.url)).find((place) => existsSync(place));
  if (found === undefined) throw new Error('vectors/tokens.json is missing from this installation');
  return JSON.parse(readFileSync(found, 'utf8')) as Corpus;
}
