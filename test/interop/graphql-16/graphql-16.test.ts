/** The older version of graphql, in place of the one that the packages are developed with: the same table holds. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';

const testing = new URL('../../../packages/guard/src/testing/', import.meta.url);
// Whatever imports graphql from here on is given the version of this folder.
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier, specifier === 'graphql' ? { ...context, parentURL: import.meta.url } : context),
});

const { version } = await import('graphql');
const { graphqlConformance } = await import(new URL('graphql-conformance.ts', testing).href);

test('the version of this folder is the one that runs', () => {
  assert.match(version, /^16\./);
});

graphqlConformance('graphql 16');
