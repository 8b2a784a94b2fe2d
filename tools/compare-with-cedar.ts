/** `npm run test:policy [decisions]`: compares our decisions with those of Cedar, 100,000 unless it is told otherwise. */
import { compareWithCedar, comparisonInWords } from '../test/policy/cedar-comparison.ts';

const decisions = Number(process.argv[2] ?? 100_000);
const seed = Date.now() % 2 ** 31;
console.log(`seed ${seed}`);
console.log(comparisonInWords(compareWithCedar(decisions, seed)));
