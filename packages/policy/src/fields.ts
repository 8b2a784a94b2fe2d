/** Which fields of an object a principal may read, and which an action may change. */
import {
  carries,
  concerns,
  isAsked,
  type RuleIndex,
  readRequest,
  resourceOf,
  type UntypedRequest,
  verbOf,
} from './decide.ts';
import type { Rule } from './rule.ts';

/** A request to read, whatever the action is. */
export type UntypedReadRequest = Omit<UntypedRequest, 'action'> & { readonly type: string };

/**
 * The fields that may be read: those of every permit that holds, without those that a forbid hides. It does not ask
 * whether an action is permitted.
 */
export function readable(index: RuleIndex, request: UntypedReadRequest): readonly string[] {
  return openFields(index, request, (rule) => rule.reads);
}

/**
 * The fields that the action may change: those of every permit of this action that holds, without those that a forbid
 * keeps. It does not ask whether the action itself is permitted.
 */
export function writable(index: RuleIndex, request: UntypedRequest): readonly string[] {
  const verb = verbOf(request.action);
  return openFields(index, { ...request, type: resourceOf(request.action) }, (rule) =>
    rule.effect === 'forbid' || rule.may.includes(verb) ? rule.writes : [],
  );
}

/** What is thrown (by a getter of a row, say) opens nothing. */
function openFields(
  index: RuleIndex,
  request: UntypedReadRequest,
  fieldsOf: (rule: Rule) => readonly string[],
): readonly string[] {
  try {
    return unionOfFields(index, request, fieldsOf);
  } catch {
    return [];
  }
}

function unionOfFields(
  index: RuleIndex,
  request: UntypedReadRequest,
  fieldsOf: (rule: Rule) => readonly string[],
): readonly string[] {
  const asked = readRequest(index, request, request.type);
  if (!isAsked(asked)) return [];
  const open = new Set<string>();
  const closed = new Set<string>();
  for (const { rule, when } of index.byResource.get(request.type) ?? []) {
    const fields = concerns(rule, asked) && carries(asked.scopes, rule.scopes) ? fieldsOf(rule) : [];
    if (fields.length === 0 || when.holds(asked.facts) !== true) continue;
    for (const field of fields) (rule.effect === 'permit' ? open : closed).add(field);
  }
  const declared = Object.keys(index.vocabulary.resources[request.type]?.fields ?? {});
  return declared.filter((field) => open.has(field) && !closed.has(field));
}
