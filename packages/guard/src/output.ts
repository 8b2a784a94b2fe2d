/** What leaves: the declared fields of the declared type that this principal may read, and nothing else. */
import type { FieldSpec } from '@castellan/policy';
import { refuse } from '@castellan/protocol';
import type { AskedPolicy, Asking } from './require.ts';
import type { GuardAnswer, GuardedRoute } from './route.ts';

/** What shaping an answer needs. */
export interface OutputDeps {
  readonly route: GuardedRoute;
  readonly policy: AskedPolicy;
  readonly asking: Asking;
}

/**
 * Shapes what a handler answered.
 *
 * @throws {Refusal} `object_not_found` when the one object is not there; `server_error` when a handler answered with
 * something that is not of the declared type, or with a row of a list that the principal may not act on: such a list
 * was not selected by the filter, and taking rows away afterwards would hide that; or with more than it may list
 */
export function shapeOutput(result: unknown, deps: OutputDeps): GuardAnswer {
  const { output } = deps.route;
  if (output === 'nothing') return { status: 204, headers: {}, body: '' };
  if ('one' in output) return jsonAnswer(200, shapeOne(result, output.one, deps));
  if (!Array.isArray(result)) return refuse('server_error', { detail: 'the handler did not answer with a list' });
  const { most = 1000 } = output;
  // Taking the rest away would hide that the handler loads all there is.
  if (result.length > most) return refuse('server_error', { detail: `the handler listed more than ${most}` });
  return jsonAnswer(200, { items: result.map((row) => shapeListed(row, output.many, deps)) });
}

/** An answer of JSON; of nothing it is null, since a message without a body would be none. */
export function jsonAnswer(status: number, value: unknown): GuardAnswer {
  const body = JSON.stringify(value ?? null) as string | undefined;
  if (body === undefined) return refuse('server_error', { detail: 'the handler answered with what JSON cannot say' });
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body };
}

function shapeOne(row: unknown, type: string, deps: OutputDeps): Readonly<Record<string, unknown>> {
  if (row === undefined || row === null) return refuse('object_not_found', { detail: 'the handler found no object' });
  if (deps.route.kind === 'collection' && !mayActOn(row, type, deps)) {
    return refuse('object_not_found', { detail: 'the handler answered with an object that is not permitted' });
  }
  return mask(row, type, deps);
}

function shapeListed(row: unknown, type: string, deps: OutputDeps): Readonly<Record<string, unknown>> {
  if (!mayActOn(row, type, deps)) refuse('server_error', { detail: 'the handler listed a row that is not permitted' });
  return mask(row, type, deps);
}

/**
 * Where no object was decided on before the handler ran, each one that leaves is decided on now. The action says
 * nothing of objects of another type: of those something must be readable, or that they are there would leave.
 */
function mayActOn(row: unknown, type: string, { policy, asking }: OutputDeps): boolean {
  if (!asking.action.startsWith(`${type}.`)) return policy.readable({ ...asking, type, resource: row }).length > 0;
  return policy.decide({ ...asking, resource: row }).effect === 'permit';
}

function mask(row: unknown, type: string, { policy, asking }: OutputDeps): Readonly<Record<string, unknown>> {
  // Nothing of it would be a declared field, and what looks like an empty object would hide a mistake.
  if (typeof row !== 'object' || Array.isArray(row))
    return refuse('server_error', { detail: `not an object: ${type}` });
  const declared = policy.vocabulary.resources[type]?.fields ?? {};
  const { principal, scopes, context, action } = asking;
  const shown: Record<string, unknown> = {};
  // A field of the vocabulary is never called `__proto__`: what is set here is a member of its own.
  for (const field of policy.readable({ principal, scopes, context, action, type, resource: row })) {
    const value = (row as Record<string, unknown>)[field];
    if (!fits(value, declared[field])) refuse('server_error', { detail: `not as declared: ${field}` });
    shown[field] = value;
  }
  return shown;
}

/** A value with members would carry out what no rule has been asked about. As in a decision, null always fits. */
export function fits(value: unknown, spec: FieldSpec | undefined): boolean {
  if (value === undefined || value === null) return true;
  switch (spec) {
    case 'text':
    case 'text?':
      return typeof value === 'string';
    case 'integer':
    case 'integer?':
      return Number.isSafeInteger(value);
    case 'flag':
    case 'flag?':
      return typeof value === 'boolean';
    default:
      return false;
  }
}
