/**
 * Everything about a policy that can be known without a request: its negative cases, its oddities, what a change of it
 * changes, and the same policy in another language. For tests and tools; nothing in here runs in front of an API.
 *
 * It reads rules as data and looks through all requests there can be. It decides nothing: that is `decide`.
 */
export { type CedarExport, type CedarRequest, toCedar, toCedarRequest } from './cedar.ts';
export { type Difference, differenceInWords, differencesBetween } from './differences.ts';
export { type Finding, findingsOf } from './findings.ts';
export { type Matrix, type MatrixCase, matrix } from './matrix.ts';
export { type Score, scoreInWords, scoreOf } from './score.ts';
export { UndecidedError } from './solve.ts';
export { type Answer, answerOf, negativeSuite, type SuiteTest, wrongAnswers } from './suite.ts';
