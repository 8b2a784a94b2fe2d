/** The test of the API of this package's README, which shows this file from the first import on. */
import type { GuardTest } from '@castellan/guard/kit';
import { auth0, startNotes } from './readme-api.ts';

export const guardTest: GuardTest = {
  issuer: auth0,
  start: ({ runtime }) => startNotes(runtime, []),
  callers: { owner: { sub: 'auth0|5f7c8ec7c33c6c004bbafe82', scope: 'read:notes' } },
  requests: [{ method: 'GET', path: '/notes' }],
};
