/** Measures one section and tells the lines of its table: `section.ts <file>`. */
import type { Line } from './lanes.ts';

const { section } = (await import(`./${process.argv[2]}.ts`)) as { readonly section: () => Promise<readonly Line[]> };
const lines = await section();
process.send?.(lines, () => process.exit());
