/** How an operation is answered: data, and errors that say no more than the problem documents of other routes do. */

import { Refusal, wireRefusals } from '@castellan/protocol';
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Exchange, GuardAnswer } from '../route.ts';
import type { Operation } from './operation.ts';

/** The body of an answer to one operation. */
export interface Result {
  readonly data?: unknown;
  readonly errors?: readonly object[];
}

/** GraphQL over HTTP, «Media types». */
const mediaType = 'application/graphql-response+json; charset=utf-8';
export const eventStreamType = 'text/event-stream; charset=utf-8';

/** An answer with a result, or with those of a batch. */
export function resultAnswer(result: Result | readonly Result[]): GuardAnswer {
  return { status: 200, headers: { 'content-type': mediaType }, body: JSON.stringify(result) };
}

/** An operation that was not run: status and challenge as on any other route, and the same members in `extensions`. */
export function refusedAnswer(refusal: Refusal, { problem, trace }: Pick<Exchange, 'problem' | 'trace'>): GuardAnswer {
  const { status, headers } = problem(refusal);
  const body = JSON.stringify({ errors: [errorOf(refusal, trace.correlation)] });
  return { status, headers: { ...headers, 'content-type': mediaType }, body };
}

/** The public words of a refusal, and a number to quote; never what was found. */
export function errorOf(refusal: Refusal, correlation: string): object {
  const { error, status, description } = wireRefusals[refusal.reason];
  const { problems, scope, retryAfter } = refusal.context;
  const more = {
    ...(problems === undefined ? {} : { problems }),
    ...(scope === undefined ? {} : { scope }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
  return { message: description, extensions: { code: error, status, correlation, ...more } };
}

/**
 * The result of an execution, its errors masked: each is the refusal that was noted at its place, and what nobody noted
 * (a value that does not fit its type) is a failure.
 */
export function maskResult({ data, errors }: ExecutionResult, operation: Operation): Result {
  if (errors === undefined || errors.length === 0) return { data };
  return { data, errors: errors.map((error) => maskError(error, operation)) };
}

function maskError(error: GraphQLError, operation: Operation): object {
  const path = error.path ?? [];
  const place = path.join('.');
  const refusal = operation.refusalAt(place) ?? operation.refuseAt(place, error.originalError ?? error);
  const { locations } = error;
  return {
    ...errorOf(refusal, operation.correlation),
    ...(locations === undefined ? {} : { locations }),
    ...(path.length === 0 ? {} : { path }),
  };
}

/** Errors without data: the variables do not fit. Their messages quote values and suggest names. */
export function variablesRefusal(errors: readonly GraphQLError[], isVisible: boolean): Refusal {
  const problems = errors.slice(0, 5).map(({ message }) => ({
    path: 'variables',
    message: isVisible ? message : 'do not fit the operation',
  }));
  return new Refusal('operation_invalid', {
    problems: isVisible ? problems : problems.slice(0, 1),
    detail: 'variables',
  });
}
