/** The one place where a request is permitted: the function, then the object, then the fields it would change. */
import type { Decision, Filter, FilterOptions, Vocabulary } from '@castellan/policy';
import { Refusal, type RefusalReason } from '@castellan/protocol';
import type { Access } from './access.ts';
import { refuseProblems } from './input.ts';

/** A policy, its types forgotten: it checks at run time what they promised. */
export interface AskedPolicy {
  readonly vocabulary: Vocabulary;
  readonly decide: (request: object) => Decision;
  readonly foresee: (request: object) => Decision;
  readonly filter: (request: object, options: FilterOptions) => Filter;
  readonly readable: (request: object) => readonly string[];
  readonly writable: (request: object) => readonly string[];
}

/** Who asks for what; the parts every question to the policy shares. */
export interface Asking {
  readonly principal: unknown;
  readonly scopes: Access['scopes'];
  readonly context: unknown;
  readonly action: string;
}

/** One question to the policy after another, for one request. */
export interface Judge {
  readonly policy: AskedPolicy;
  readonly asking: Asking;
  /** Told of each decision, for the event. */
  readonly note: (decision: Decision) => void;
  /** What holds the changes, as a problem calls it; `body` by default. */
  readonly source?: string;
}

/**
 * Requires that the principal may do this at all, before an object is loaded.
 *
 * @throws {Refusal} `insufficient_scope` naming all scopes when only they are missing, else `forbidden`
 */
export function requireFunction({ policy, asking, note }: Judge): void {
  const decision = policy.foresee(asking);
  note(decision);
  if (decision.effect !== 'permit') throw refusalOf(decision);
}

/**
 * Requires that the principal may do this on this object.
 *
 * An object that the principal may read nothing of is refused as if it were not there.
 *
 * @throws {Refusal} `object_not_found`, `insufficient_scope` or `forbidden`
 */
export function requireObject({ policy, asking, note }: Judge, resource: unknown): void {
  if (resource === undefined || resource === null) throw new Refusal('object_not_found', { detail: 'no such object' });
  const { principal, scopes, context, action } = asking;
  const decision = policy.decide({ principal, scopes, context, action, resource });
  note(decision);
  if (decision.effect === 'permit') return;
  const type = asking.action.slice(0, asking.action.indexOf('.'));
  const known = policy.readable({ ...asking, type, resource }).length > 0;
  throw known ? refusalOf(decision) : refusalOf(decision, 'object_not_found');
}

/**
 * Requires that every member of the body is a field that this action may change for this principal.
 *
 * @throws {Refusal} `input_invalid` naming those that are not
 */
export function requireWritable({ policy, asking, source = 'body' }: Judge, resource: unknown, body: unknown): void {
  if (body === undefined) return;
  const open = policy.writable({ ...asking, resource });
  const closed = Object.keys(body as object).filter((name) => !open.includes(name));
  refuseProblems(closed.map((name) => ({ path: `${source}.${name}`, message: 'may not be set' })));
}

function refusalOf(decision: Decision, reason?: RefusalReason): Refusal {
  const detail = describe(decision);
  if (reason !== undefined) return new Refusal(reason, { detail });
  if (decision.scopes.length > 0)
    return new Refusal('insufficient_scope', { detail, scope: decision.scopes.join(' ') });
  return new Refusal('forbidden', { detail });
}

function describe({ rules, errors, scopes }: Decision): string {
  if (errors.length > 0) return errors.join('; ');
  if (rules.length > 0) return 'forbidden by a rule';
  return scopes.length > 0 ? 'a scope is missing' : 'no rule permits it';
}
