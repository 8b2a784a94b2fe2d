/**
 * Every requirement and the paths on which it must be proven. A test names them in its title:
 * `R-023[code,sqlite] a code is redeemed once`. An id without brackets shares the brackets before it.
 *
 * Cells of what is built later stand here too: the report shows them as open.
 */
import { apiRows } from './paths/api-rows.ts';
import { houseRows } from './paths/house-rows.ts';
import { missionRows } from './paths/mission-rows.ts';
import { peopleRows } from './paths/people-rows.ts';
import { protocolRows } from './paths/protocol-rows.ts';
import type { Row, Section } from './paths/row.ts';

export const sections: readonly Section[] = [...protocolRows, ...peopleRows, ...apiRows, ...houseRows, ...missionRows];

/** All rows by id. */
export const rows: ReadonlyMap<string, Row> = new Map(
  sections.flatMap((section) => section.rows.map((row) => [row.id, row] as const)),
);
