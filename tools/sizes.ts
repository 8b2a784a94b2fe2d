/** `npm run sizes`: how long files and functions are, and the longest of them. */
import { functionsOf, sizeReport } from '../test/architecture/sizes.ts';
import { readSources } from '../test/architecture/tree.ts';

const sources = readSources();
const product = sources.filter(({ isTest }) => !isTest);
const files = product.map(({ path, lines }) => ({ at: path, lines }));
const functions = product.flatMap(functionsOf).map(({ path, line, lines }) => ({ at: `${path}:${line}`, lines }));

console.log(sizeReport(sources));
console.log(`\nLongest files\n${longest(files)}\n\nLongest functions\n${longest(functions)}`);

function longest(sized: readonly { readonly at: string; readonly lines: number }[]): string {
  const top = sized.toSorted((one, other) => other.lines - one.lines).slice(0, 10);
  return top.map(({ at, lines }) => `${String(lines).padStart(5)}  ${at}`).join('\n');
}
