/** Where the product calls cryptography, and what of it; `docs/cryptography.md` is held to this (R-217). */
import { readText, type Source } from './tree.ts';

const importing = /import (type )?(?:\{([^}]*)\}|\* as (\w+)) from '((?:node:crypto|jose(?:\/[\w/]+)?))';/g;

/** Types and tables of numbers: they compute nothing. */
const harmless: ReadonlySet<string> = new Set(['KeyObject', 'constants', '']);

/** What is broken, or gives no proof that a text is whole. */
const weak = /['"](md5|sha-?1|ripemd\w*|des\w*|rc\d|blowfish|\w+-(ecb|cbc|ctr|cfb|ofb))['"]/i;

/** `path: call call`, sorted. */
export function cryptographyUses(sources: readonly Source[]): readonly string[] {
  return sources
    .flatMap(({ path, text }) => {
      const names = [...text.matchAll(importing)].flatMap(([, type, named = '', space]) => {
        if (type !== undefined) return [];
        if (space !== undefined)
          return [...text.matchAll(new RegExp(`\\b${space}\\.(\\w+)`, 'g'))].map((use) => use[1] ?? '');
        return named.split(',').map((name) => (name.includes('type ') ? '' : name.trim()));
      });
      const calls = [...new Set(names)].filter((name) => !harmless.has(name)).sort();
      return calls.length === 0 ? [] : [`${path}: ${calls.join(' ')}`];
    })
    .sort();
}

/** The same, as the document says it: the first two columns of its inventory. */
export function documentedUses(): readonly string[] {
  const rows = readText('docs/cryptography.md').matchAll(/^\| `([^`]+)` \| `([^|]+)` \|/gm);
  return [...rows]
    .map(([, path, calls = '']) => `${path}: ${[...new Set(calls.split(/[`, ]+/).filter(Boolean))].sort().join(' ')}`)
    .sort();
}

export function weakAlgorithms(sources: readonly Source[]): readonly string[] {
  return sources.flatMap((source) => {
    const found = cryptographyUses([source]).length === 0 ? null : weak.exec(source.text);
    return found === null ? [] : [`${source.path} uses ${found[1]}`];
  });
}
