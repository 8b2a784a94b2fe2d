/**
 * Ends the process on a Node that lacks what the server is built on (Argon2 and SQLite of its own), with one line
 * instead of whatever would fail first.
 *
 * INVARIANT: the first import of `index.ts`, and nothing it stands before may name an import that only a newer Node has.
 */
const needed = [24, 7] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  process.stderr.write(
    `@castellan/server needs Node ${needed.join('.')} or newer; this is Node ${process.versions.node}.\n`,
  );
  process.exit(1);
}

export {};
