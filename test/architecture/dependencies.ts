/** Judges imports against the walls of `rooms.ts`, and finds cycles. */
import { type Import, importsOf } from './imports.ts';
import { foreigners, type Room, rooms } from './rooms.ts';
import type { Source } from './tree.ts';

/** Every import that goes through a wall, each with the reason for the wall. */
export function forbiddenImports(sources: readonly Source[]): readonly string[] {
  return sources.flatMap((source) =>
    importsOf(source).flatMap((one) => {
      const reason = whyForbidden(one, source.isTest);
      return reason === undefined ? [] : [`${one.from} must not import ${one.specifier}: ${reason}`];
    }),
  );
}

function whyForbidden(one: Import, fromTest: boolean): string | undefined {
  if (fromTest) return roomOf(one.from)?.name === 'testkit' ? whyRoomForbidden(one) : undefined;
  return whyForeignForbidden(one) ?? whyRoomForbidden(one);
}

function whyForeignForbidden(one: Import): string | undefined {
  const foreign = foreigners.find(({ name }) => name.test(one.specifier));
  return foreign === undefined || foreign.only.some((prefix) => one.from.startsWith(prefix))
    ? undefined
    : foreign.because;
}

function whyRoomForbidden(one: Import): string | undefined {
  if (one.file === undefined) return undefined;
  const from = roomOf(one.from);
  const to = roomOf(one.file);
  if (from === undefined) return 'it stands in no room: give its folder a place in test/architecture/rooms.ts';
  if (to === undefined) return undefined;
  if (to.name === from.name) return whyEndpointForbidden(one);
  const crossesPackage = packageOf(one.from) !== packageOf(one.file);
  if (crossesPackage && one.specifier.startsWith('.') && to.name !== 'test') {
    return 'packages meet in their public exports, by package name';
  }
  const name = crossesPackage ? (to.name.split('/')[0] ?? to.name) : to.name;
  if (from.may.includes(name) || (one.typeOnly && from.types?.includes(name) === true)) return undefined;
  const typesOnly = from.types?.includes(name) === true ? ' (types of it are allowed)' : '';
  return `${from.name} may not use ${name}${typesOnly}, because ${from.because}`;
}

/** `endpoints/x` never sees `endpoints/y`: steps only redirect to one another. */
function whyEndpointForbidden(one: Import): string | undefined {
  const folder = /^packages\/server\/src\/endpoints\/([^/]+)\//;
  const from = folder.exec(one.from)?.[1];
  const to = folder.exec(one.file ?? '')?.[1];
  return from === to || from === undefined ? undefined : 'an endpoint never calls another: steps only redirect';
}

function roomOf(path: string): Room | undefined {
  const fitting = rooms.flatMap((room) =>
    room.holds.filter((prefix) => path.startsWith(prefix)).map((prefix) => ({ room, prefix })),
  );
  return fitting.toSorted((one, other) => other.prefix.length - one.prefix.length)[0]?.room;
}

function packageOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'packages' || first === 'examples' ? `${first}/${second}` : first;
}

/** Groups of files that import one another in a circle when the program runs; imports of types are erased. */
export function cycles(sources: readonly Source[]): readonly string[] {
  const graph = new Map(sources.map((source) => [source.path, runTimeTargets(source)]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push([...trail.slice(start), path].join(' -> '));
    if (start >= 0 || done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

function runTimeTargets(source: Source): readonly string[] {
  return importsOf(source).flatMap((one) => (one.file === undefined || one.typeOnly ? [] : [one.file]));
}
