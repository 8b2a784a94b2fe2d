/**
 * `npm run build`: writes `dist` (.js and .d.ts) of every package that is published.
 *
 *     node tools/build.js               into packages/<name>/dist
 *     node tools/build.js <folder>      into <folder>/<name>, ready for npm pack there
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { projectNode, root } from './install.js';

/** Folders under packages/ whose package is not private. */
export function publishedPackages() {
  return readdirSync(join(root, 'packages')).filter((name) => {
    const manifest = join(root, 'packages', name, 'package.json');
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).private !== true;
  });
}

/**
 * @param {string} [target] a folder that receives whole packages; each package's own dist when absent
 * @returns {boolean} whether the compiler was content
 */
export function build(target) {
  const out = mkdtempSync(join(root, 'node_modules', '.build-'));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(projectNode, [tsc, '-p', 'tsconfig.build.json', '--outDir', out], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const name of publishedPackages()) {
    const from = join(root, 'packages', name);
    const to = target === undefined ? from : join(target, name);
    rmSync(join(to, 'dist'), { recursive: true, force: true });
    cpSync(join(out, 'packages', name, 'src'), join(to, 'dist'), { recursive: true });
    nameBuiltFiles(join(to, 'dist'));
    if (name === 'guard') copyVectors(join(to, 'vectors'));
    if (target === undefined) continue;
    for (const own of ['package.json', 'bin', 'README.md']) {
      if (existsSync(join(from, own))) cpSync(join(from, own), join(to, own), { recursive: true });
    }
  }
  rmSync(out, { recursive: true });
  return status === 0;
}

/** The corpus that users of the guard run against their own API. */
function copyVectors(folder) {
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, 'vectors', 'tokens.json'), join(folder, 'tokens.json'));
}

/** The compiler leaves `./x.ts` in declarations; what is published has only `./x.js`. */
function nameBuiltFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.d.ts')) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const text = readFileSync(path, 'utf8').replace(/((?:from|import\() ?['"]\.{1,2}\/[^'"]+)\.ts(['"])/g, '$1.js$2');
    writeFileSync(path, text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = build(process.argv[2]) ? 0 : 1;
