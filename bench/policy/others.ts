/**
 * The same rules in what others use. CASL and casbin are installed by `npm ci --prefix bench`; who is not installed does
 * not take part. None of them has scopes, so only ours and the ifs look at them; both are made for the token's anyway.
 */

import { existsSync } from 'node:fs';
import type { Condition, Operand, Rule } from '@castellan/policy';
import { toCedar, toCedarRequest } from '@castellan/policy/analysis';
import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import { type BenchRequest, policy, requests } from './rules.ts';

/** Whether a request is permitted; anything that was made once for all requests is not measured. */
export type Decide = (request: BenchRequest) => boolean;

export function cedar(): Decide {
  const { policies } = toCedar(policy);
  preparsePolicySet('bench', { staticPolicies: policies });
  const prepared = new Map(requests.map((request) => [request, toCedarRequest(policy, request)]));
  return (request) => {
    const call = prepared.get(request) as ReturnType<typeof toCedarRequest>;
    const answer = statefulIsAuthorized({ ...call, preparsedPolicySetId: 'bench' });
    return answer.type === 'success' && answer.response.decision === 'allow';
  };
}

interface Casl {
  readonly createMongoAbility: (rules: readonly object[]) => {
    readonly relevantRuleFor: (verb: string, object: object) => { readonly inverted: boolean } | null;
  };
  readonly subject: (type: string, object: object) => object;
}

/** One ability for each person, kept, as its documentation advises. `relevantRuleFor` gives the reason with the answer. */
export async function casl(): Promise<Decide | undefined> {
  const library = (await optional('@casl/ability')) as Casl | undefined;
  if (library === undefined) return undefined;
  const abilities = new Map<string, ReturnType<Casl['createMongoAbility']>>();
  const objects = new Map(
    requests.map((request) => [
      request,
      library.subject(request.action.split('.')[0] as string, { ...request.resource }),
    ]),
  );
  return (request) => {
    const { id } = request.principal;
    let ability = abilities.get(id);
    if (ability === undefined) {
      ability = library.createMongoAbility(caslRules(request));
      abilities.set(id, ability);
    }
    const [, verb = ''] = request.action.split('.');
    return ability.relevantRuleFor(verb, objects.get(request) as object)?.inverted === false;
  };
}

/** CASL takes the last rule that fits, so forbids come last. What depends on the person alone is decided here. */
function caslRules({ principal }: BenchRequest): readonly object[] {
  const ordered = [...policy.rules].sort((one, other) => one.effect.localeCompare(other.effect)).reverse();
  return ordered.flatMap(({ on, may, when, effect }: Rule) => {
    const parts = when.op === 'and' ? when.of : [when];
    const aboutPerson = parts.filter((part) => !JSON.stringify(part).includes('"resource"'));
    const fits = aboutPerson.every(
      (part) => part.op === 'eq' && valueOf(part.left, principal) === valueOf(part.right, principal),
    );
    if (!fits) return [];
    const conditions = Object.assign(
      {},
      ...parts.filter((part) => !aboutPerson.includes(part)).map((part) => mongoOf(part, principal)),
    );
    return [{ action: [...may], subject: on, inverted: effect === 'forbid', conditions }];
  });
}

function mongoOf(part: Condition, principal: BenchRequest['principal']): object {
  if (part.op === 'in')
    return { [(part.item as { name: string }).name]: { $in: (part.list as { value: unknown }).value } };
  if (part.op !== 'eq') throw new TypeError('no such condition in this policy');
  return { [(part.left as { name: string }).name]: valueOf(part.right, principal) };
}

function valueOf(operand: Operand, principal: BenchRequest['principal']): unknown {
  return operand.from === 'literal' ? operand.value : principal[operand.name as 'id'];
}

interface Casbin {
  readonly newModel: (text: string) => object;
  readonly newEnforcer: (model: object) => Promise<{
    readonly addPolicy: (...values: readonly string[]) => Promise<boolean>;
    readonly enforceSync: (...values: readonly unknown[]) => boolean;
  }>;
}

const casbinModel = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = act, rule, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.act == p.act && eval(p.rule)
`;

export async function casbin(): Promise<Decide | undefined> {
  const library = (await optional('casbin')) as Casbin | undefined;
  if (library === undefined) return undefined;
  const enforcer = await library.newEnforcer(library.newModel(casbinModel));
  for (const { on, may, when, effect } of policy.rules) {
    for (const verb of may)
      await enforcer.addPolicy(`${on}.${verb}`, casbinRule(when), effect === 'permit' ? 'allow' : 'deny');
  }
  return ({ principal, action, resource }) => enforcer.enforceSync(principal, resource, action);
}

function casbinRule(condition: Condition): string {
  const say = (operand: Operand): string =>
    operand.from === 'literal'
      ? `'${String(operand.value)}'`
      : `r.${operand.from === 'principal' ? 'sub' : 'obj'}.${operand.name}`;
  switch (condition.op) {
    case 'and':
      return condition.of.map(casbinRule).join(' && ');
    case 'eq':
      return `${say(condition.left)} == ${say(condition.right)}`;
    case 'in': {
      const values = (condition.list as { readonly value: readonly string[] }).value;
      return `(${values.map((value) => `${say(condition.item)} == '${value}'`).join(' || ')})`;
    }
    default:
      throw new TypeError('no such condition in this policy');
  }
}

/** What `npm ci --prefix bench` installs, if it has been run. */
async function optional(name: string): Promise<unknown> {
  const isInstalled = existsSync(new URL(`../node_modules/${name}/package.json`, import.meta.url));
  return isInstalled ? ((await import(name)) as unknown) : undefined;
}
