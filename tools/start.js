/** `npm start`: installs what is missing, then runs the example with `castellan dev`. Flags are passed on. */
import { join } from 'node:path';
import { root } from './install.js';
import { launch } from './launch.js';

await launch([
  join(root, 'packages', 'cli', 'bin', 'castellan.js'),
  'dev',
  'examples/invoices',
  ...process.argv.slice(2),
]);
