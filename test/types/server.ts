/** What an operator cannot say to the server, and what the server hands out. Checked by `npm run check`, never run. */
import type { Config, createServer, Server } from '@castellan/server';
import type { DevelopmentProject } from 'castellan';
import { expectTypeOf } from 'expect-type';

declare const config: Config;

expectTypeOf<typeof createServer>().parameter(0).toEqualTypeOf<Config>();
expectTypeOf<Awaited<ReturnType<typeof createServer>>>().toEqualTypeOf<Server>();

const { masterKey: _masterKey, ...withoutKey } = config;
// @ts-expect-error: keys would lie open
export const open: Config = withoutKey;

// @ts-expect-error: a secret stands in a file or in the environment, never in the configuration
export const told: Config = { ...config, masterKey: 'AAAA' };

// @ts-expect-error: switching a check off has no setting
export const weak: Config = { ...config, disablePkce: true };

// @ts-expect-error: a grant that is never offered
export const password: Config = { ...config, clients: [{ ...client(), grants: ['password'] }] };

// @ts-expect-error: an algorithm without a signature
export const unsigned: Config = { ...config, clients: [{ ...client(), idTokenAlgorithm: 'none' }] };

declare function client(): NonNullable<Config['clients']>[number];

// @ts-expect-error: a project says what runs
export const empty: DevelopmentProject = { name: 'x', ports: [] };
