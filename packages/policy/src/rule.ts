/** Rules as frozen data, and the typed builder that writes them. */
import { and, type Condition, eq, type Related, type TermsOf, termsOf } from './condition.ts';
import type {
  FieldName,
  ObjectTerms,
  PrincipalKind,
  ResourceName,
  ResourceVocabulary,
  Verb,
  Vocabulary,
} from './vocabulary.ts';

/** One rule. Its order among the others never matters. */
export interface Rule {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  /** The one kind of principal it is about; undefined (for a forbid only) means every kind. */
  readonly who: string | undefined;
  readonly on: string;
  readonly may: readonly string[];
  /** The token must carry all of them. */
  readonly scopes: readonly string[];
  readonly when: Condition;
  /** Fields it lets be read, or hides. */
  readonly reads: readonly string[];
  /** Fields it lets be written by its actions, or keeps from every action. */
  readonly writes: readonly string[];
}

/** The terms of a condition: what is known of the principal, the object and the context. */
export interface RuleTerms<P, O, C> {
  readonly principal: TermsOf<P>;
  readonly resource: O;
  readonly context: TermsOf<C>;
}

/** Scope AND subject AND object state: a permit names all three. */
export interface PermitRule<V extends Vocabulary, K extends PrincipalKind<V>, R extends ResourceName<V>> {
  readonly who: K;
  readonly on: R;
  readonly may: readonly Verb<V, R>[];
  readonly scopes: readonly string[];
  readonly when: (terms: RuleTerms<V['principals'][K], ObjectTerms<V, R>, V['context']>) => Condition;
  /** Fields that may be read of an object for which the rule holds, under whatever action. */
  readonly reads?: readonly FieldName<V, R>[];
  /** Fields that the rule's actions may change. */
  readonly writes?: readonly FieldName<V, R>[];
}

/** What wins over every permit: forbids actions (`may`), or keeps fields from being read or written. */
export interface ForbidRule<V extends Vocabulary, K extends PrincipalKind<V>, R extends ResourceName<V>> {
  /** Every kind of principal when absent; then only `id` is known of it. */
  readonly who?: K;
  readonly on: R;
  readonly may?: readonly Verb<V, R>[];
  readonly when: (
    terms: RuleTerms<
      PrincipalKind<V> extends K ? { readonly id: 'text' } : V['principals'][K],
      ObjectTerms<V, R>,
      V['context']
    >,
  ) => Condition;
  readonly reads?: readonly FieldName<V, R>[];
  readonly writes?: readonly FieldName<V, R>[];
}

/** What a policy's rules are written with. */
export interface RuleBuilder<V extends Vocabulary> {
  readonly permit: <K extends PrincipalKind<V>, R extends ResourceName<V>>(
    id: string,
    rule: PermitRule<V, K, R>,
  ) => Rule;
  readonly forbid: <R extends ResourceName<V>, K extends PrincipalKind<V> = PrincipalKind<V>>(
    id: string,
    rule: ForbidRule<V, K, R>,
  ) => Rule;
}

interface WrittenRule {
  readonly who?: string;
  readonly on: string;
  readonly may?: readonly string[];
  readonly scopes?: readonly string[];
  readonly when: (terms: never) => Condition;
  readonly reads?: readonly string[];
  readonly writes?: readonly string[];
}

export function ruleBuilder<V extends Vocabulary>(vocabulary: V): RuleBuilder<V> {
  const write =
    (effect: Rule['effect']) =>
    (id: string, rule: WrittenRule): Rule =>
      Object.freeze({
        id,
        effect,
        who: rule.who,
        on: rule.on,
        may: Object.freeze([...(rule.may ?? [])]),
        scopes: Object.freeze([...(rule.scopes ?? [])]),
        when: rule.when(ruleTerms(vocabulary, rule) as never),
        reads: Object.freeze([...(rule.reads ?? [])]),
        writes: Object.freeze([...(rule.writes ?? [])]),
      });
  return { permit: write('permit'), forbid: write('forbid') } as RuleBuilder<V>;
}

/** A kind or resource that is not declared has no terms; `checkPolicy` names it. */
function ruleTerms(vocabulary: Vocabulary, rule: WrittenRule): RuleTerms<unknown, unknown, unknown> {
  const resource: ResourceVocabulary | undefined = vocabulary.resources[rule.on];
  const principal = rule.who === undefined ? { id: 'text' as const } : vocabulary.principals[rule.who];
  return {
    principal: termsOf('principal', principal ?? {}),
    resource: { ...relatedTerms(vocabulary, resource), ...termsOf('resource', resource?.fields ?? {}) },
    context: termsOf('context', vocabulary.context),
  };
}

function relatedTerms(vocabulary: Vocabulary, resource: ResourceVocabulary | undefined): object {
  const terms = Object.entries(resource?.relations ?? {}).map(([relation, { to }]): [string, Related<object>] => [
    relation,
    Object.freeze({ relation, terms: termsOf('related', vocabulary.resources[to]?.fields ?? {}) }),
  ]);
  return Object.fromEntries(terms);
}

/**
 * The whole condition of a rule: what it says, and for a permit the tenant.
 *
 * INVARIANT: everything that judges a rule judges this, so that no permit reaches an object of another tenant.
 */
export function conditionOf(vocabulary: Vocabulary, rule: Rule): Condition {
  const tenant = vocabulary.resources[rule.on]?.tenant;
  if (tenant === undefined || rule.effect === 'forbid') return rule.when;
  return and(eq({ from: 'resource', name: tenant }, { from: 'principal', name: 'tenant' }), rule.when);
}

/** A rule for one kind of principal never concerns another, so a client never has a person's rights. */
export function concerns(rule: Rule, kind: string): boolean {
  return rule.who === undefined ? rule.effect === 'forbid' : rule.who === kind;
}
