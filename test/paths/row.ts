/**
 * The words of the traceability table: a row is a requirement, a cell one path on which it must be proven.
 *
 * Most holes in systems of this kind were a fix on one path that a sibling path never got; so a row is not proven by
 * one test, but by one for each of its paths.
 */

/** Which product a path belongs to. */
export type Part = 'AS' | 'SDK' | 'BFF' | 'SCAN' | 'docs';

/** Every path, by part. A path in a test title must be one of these words. */
const paths: Readonly<Record<Part, readonly string[]>> = {
  AS: [
    // grants
    'code',
    'refresh',
    'device',
    'client-credentials',
    'token-exchange',
    // endpoints
    'authorize',
    'login',
    'consent',
    'token',
    'userinfo',
    'discovery',
    'jwks',
    'logout',
    'par',
    'jar',
    'introspect',
    'revoke',
    'status',
    'register',
    'account',
    'admin',
    // kinds of tokens and of secrets
    'access-jwt',
    'access-opaque',
    'id-token',
    'refresh-token',
    'auth-code',
    'session',
    'client-secret',
    'private-key-jwt',
    'mtls',
    'dpop',
    // stores, adapters, the rest
    'sqlite',
    'postgres',
    'node',
    'fetch',
    'config',
    'keys',
    'events',
    'limits',
    'cli',
  ],
  SDK: [
    'guard',
    'policy',
    'verifier',
    'graphql',
    'introspection',
    'guard-node',
    'guard-fetch',
    'express',
    'fastify',
    'hono',
    'guard-dpop',
    'guard-mtls',
  ],
  BFF: ['bff'],
  SCAN: ['scanner'],
  docs: ['docs'],
};

/**
 * What several paths share: a title may name it, and it closes no cell. A strict parser proves nothing yet about the
 * endpoints that should call it.
 */
export const foundations: readonly string[] = ['protocol', 'testkit'];

/** A requirement. */
export interface Row {
  readonly id: string;
  /** What must hold, in our own short words. */
  readonly text: string;
  /** The paths on which it must be proven. */
  readonly cells: readonly string[];
}

/** A group of rows, as the report prints them. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** One line of a section: id, text, and the cells as words between blanks. */
export type RowLine = readonly [id: string, text: string, cells: string];

export function section(title: string, lines: readonly RowLine[]): Section {
  return { title, rows: lines.map(([id, text, cells]) => ({ id, text, cells: cells.split(' ') })) };
}

/** The part that a path belongs to; undefined for a word that is no path. */
export function partOfPath(path: string): Part | undefined {
  const parts = Object.keys(paths) as Part[];
  return parts.find((part) => paths[part].includes(path));
}
