/**
 * `npm run test:fuzz [runs]`: the comparisons with the library that every `npm test` makes, with many more tokens; a
 * million by default.
 */
import { spawn } from 'node:child_process';
import { root } from '../test/architecture/tree.ts';

const [runs = '1000000'] = process.argv.slice(2);
const files = ['packages/protocol/src/jose/differential.test.ts'];
const child = spawn(process.execPath, ['--conditions=castellan-source', '--test', ...files], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, CASTELLAN_FUZZ_RUNS: runs },
});
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
