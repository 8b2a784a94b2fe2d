/**
 * For tests of an API: the negative corpus, and everything that is needed to send it.
 *
 * Owns: hostile tokens made with keys of the test, and what their answers mean. It verifies nothing, and nothing in
 * front of an API imports it.
 */

export { type AddressTest, runAddressTest } from './address-test.ts';
export { type Corpus, type CorpusRules, type Members, readCorpus, type TokenCase } from './corpus.ts';
export { type GuardTest, runGuardTest, type TellProgress } from './guard-test.ts';
export type { Lab } from './lab.ts';
export type { ArrangedCase, PolicyCase, PolicyCases } from './policy-cases.ts';
export type { TestReport, TestResult, Verdict } from './report.ts';
export type { TriedRequest } from './try.ts';
