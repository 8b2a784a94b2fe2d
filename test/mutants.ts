/**
 * One deliberate break for each requirement that guards against an attack: `npm run test:mutants` applies them one at
 * a time and expects the named tests to fail.
 */
import { attackMutants } from './mutants/attack-mutants.ts';
import { begunMutants } from './mutants/begun-mutants.ts';
import { bffMutants } from './mutants/bff-mutants.ts';
import { connectMutants } from './mutants/connect-mutants.ts';
import { connectionMutants } from './mutants/connection-mutants.ts';
import { deviceMutants } from './mutants/device-mutants.ts';
import { endingMutants } from './mutants/ending-mutants.ts';
import { entranceMutants } from './mutants/entrance-mutants.ts';
import { graphqlMutants } from './mutants/graphql-mutants.ts';
import { guardMutants } from './mutants/guard-mutants.ts';
import { issuingMutants } from './mutants/issuing-mutants.ts';
import { keysMutants } from './mutants/keys-mutants.ts';
import { limitsMutants } from './mutants/limits-mutants.ts';
import { logoutMutants } from './mutants/logout-mutants.ts';
import { machineMutants } from './mutants/machine-mutants.ts';
import { oidcMutants } from './mutants/oidc-mutants.ts';
import { peopleMutants } from './mutants/people-mutants.ts';
import { policyMutants } from './mutants/policy-mutants.ts';
import { protocolMutants } from './mutants/protocol-mutants.ts';
import { registryMutants } from './mutants/registry-mutants.ts';
import { speedMutants } from './mutants/speed-mutants.ts';
import { statusMutants } from './mutants/status-mutants.ts';
import { storeMutants } from './mutants/store-mutants.ts';

export interface Mutant {
  /** The requirement that the break violates. */
  readonly row: string;
  readonly file: string;
  /** What the broken code does, for the report. */
  readonly breaks: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files of which at least one must fail. */
  readonly tests: readonly string[];
}

export const mutants: readonly Mutant[] = [
  ...protocolMutants,
  ...issuingMutants,
  ...guardMutants,
  ...limitsMutants,
  ...oidcMutants,
  ...graphqlMutants,
  ...policyMutants,
  ...storeMutants,
  ...registryMutants,
  ...endingMutants,
  ...entranceMutants,
  ...machineMutants,
  ...deviceMutants,
  ...bffMutants,
  ...peopleMutants,
  ...keysMutants,
  ...logoutMutants,
  ...connectMutants,
  ...connectionMutants,
  ...statusMutants,
  ...begunMutants,
  ...attackMutants,
  ...speedMutants,
  {
    row: 'R-003',
    file: 'packages/protocol/src/oauth/pkce.ts',
    breaks: 'any verifier fits any challenge',
    find: ' && secretsEqual(challengeOf(verifier), challenge)',
    replace: '',
    tests: ['packages/protocol/src/oauth/pkce.test.ts'],
  },
];
