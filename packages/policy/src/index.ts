export { PolicyError } from './check-policy.ts';
export * from './condition.ts';
export type { Decision } from './decision.ts';
export type { Explanation, NearMiss } from './explain.ts';
export type { Filter, FilterOptions, SqlTag, WhereOptions } from './filter.ts';
export * from './policy.ts';
export type { ForbidRule, PermitRule, Rule, RuleBuilder, RuleTerms } from './rule.ts';
export type * from './vocabulary.ts';
