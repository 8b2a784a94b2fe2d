/**
 * For tests: what must hold of a GraphQL endpoint, whatever version of graphql and whatever engine runs its operations.
 *
 * Whoever calls this has chosen the version by what `graphql` resolves to.
 */
import type { Start } from './graphql-answer.ts';
import { documents } from './graphql-documents.ts';
import { objects } from './graphql-objects.ts';
import { answers, counting } from './graphql-requests.ts';
import { sockets } from './graphql-sockets.ts';
import { streams } from './graphql-streams.ts';
import { startWorld, type WorldOptions } from './graphql-world.ts';

/** Registers the whole table. */
export function graphqlConformance(name: string, engine?: WorldOptions['engine']): void {
  const start: Start = (options = {}) => startWorld({ engine, ...options });
  documents(name, start);
  objects(name, start);
  counting(name, start);
  answers(name, start);
  streams(name, start);
  sockets(name, start);
}
