/** For tests: what stands in the answer to a GraphQL operation. */
import type { GraphqlWorld, WorldOptions } from './graphql-world.ts';

/** Starts the API of a test. */
export type Start = (options?: WorldOptions) => Promise<GraphqlWorld>;

/** What stands at `invoice.owner.name` of an answer. */
export function at(data: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (value as Readonly<Record<string, unknown>> | null)?.[name], data);
}

/** The same of each member of a list. */
export function each(data: unknown, list: string, path: string): readonly unknown[] {
  return (at(data, list) as readonly unknown[]).map((one) => at(one, path));
}

/** What a refused operation says is wrong. */
export const problemsOf = ({ errors }: { errors: Awaited<ReturnType<GraphqlWorld['ask']>>['errors'] }) =>
  (errors[0]?.extensions['problems'] ?? []) as readonly { readonly path: string; readonly message: string }[];
