/** By what name a client knows a person: the `sub` of everything it is told. */
import { createHmac } from 'node:crypto';

/** Whoever knows people by names of its own has a sector: a client, or an authorization that it was given. */
interface InSector {
  /** Undefined: by the one name that every such client is told. */
  readonly sector: string | undefined;
}

export type SubjectOf = (person: string, knower: InSector) => string;

/**
 * Names people: by their id, or for a sector by a name that means nothing outside of it.
 *
 * INVARIANT: keyed with a key of its own and never stored, so neither a client nor a reader of the database can turn a
 * name back or tell which names of two sectors are the same person. Whoever needs the person starts from a session or
 * an authorization, and compares. Like an id it has no colon, so it passes for no client's own subject.
 *
 * @example subjectOf(session.person, client) === hint.subject;
 * @see OpenID Connect Core §8.1
 */
export function createSubjects(key: Buffer): SubjectOf {
  return (person, { sector }) =>
    sector === undefined
      ? person
      : createHmac('sha256', key)
          .update(JSON.stringify([sector, person]))
          .digest('base64url');
}
