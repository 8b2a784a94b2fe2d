/** What a start prints: where everything is, and what to try next. */
import { relative } from 'node:path';
import { styleText } from 'node:util';
import type { Seat } from './ports.ts';

export interface Screen {
  readonly name: string;
  readonly seats: readonly Seat[];
  readonly folder: string;
  readonly peopleFile: string;
  readonly eventsFile: string;
  readonly tryNext: readonly string[];
}

/** The whole text, ready to print. It holds paths, never a password. */
export function renderScreen({ name, seats, tryNext, ...files }: Screen): string {
  const rows = [
    ...seats.map((seat): Row => [seat.name, styleText('cyan', seat.url)]),
    ['people', `${short(files.peopleFile)} ${styleText('gray', '(names and passwords to sign in with)')}`] as const,
    ['events', short(files.eventsFile)] as const,
  ];
  const width = Math.max(...rows.map(([label]) => label.length)) + 3;
  return [
    '',
    styleText('bold', `Castellan runs «${name}»`),
    '',
    ...rows.map(([label, text]) => `  ${label.padEnd(width)}${text}`),
    '',
    styleText('bold', 'Try next'),
    ...tryNext.map((line, index) => `  ${index + 1}. ${line}`),
    '',
    styleText('gray', 'Ctrl-C ends everything. Events follow.'),
    '',
  ].join('\n');
}

type Row = readonly [label: string, text: string];

function short(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}
