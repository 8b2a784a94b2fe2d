/** What `npm test` is made of: the checks, then the parts of the one node:test run. */

/**
 * Checks that are not node:test: a program of node_modules and its arguments.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const checks = {
  types: ['tsc', '-p', '.'],
  lint: ['oxlint', '--type-aware', '--quiet'],
  format: ['biome', 'check', '--colors=off'],
  unused: ['knip', '--no-progress', '--no-config-hints'],
};

/**
 * Parts of the test run, in the order in which they start: the longest first, so that two cores stay busy to the end.
 * A file belongs to the first part that fits.
 *
 * @type {readonly { name: string, fits: (path: string) => boolean }[]}
 */
export const parts = [
  { name: 'packages', fits: (path) => path === 'test/packages.test.ts' },
  { name: 'browser', fits: (path) => path.startsWith('test/browser/') },
  { name: 'store', fits: (path) => path.startsWith('packages/server/src/store/') },
  { name: 'faults', fits: (path) => path.startsWith('test/faults/') },
  { name: 'interop', fits: (path) => path.startsWith('test/interop/') },
  { name: 'flow', fits: (path) => path.startsWith('test/flows/') },
  { name: 'architecture', fits: (path) => path.startsWith('test/') },
  { name: 'unit', fits: () => true },
];

/** What `npm run check` runs: everything that needs no server. */
export const quickParts = [...Object.keys(checks), 'architecture'];

/**
 * @param {string} path relative to the repository, with forward slashes
 * @returns {string}
 */
export function partOf(path) {
  return parts.find((part) => part.fits(path)).name;
}
