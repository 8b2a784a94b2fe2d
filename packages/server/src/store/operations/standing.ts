/**
 * THE place that says who may act: a person who is active, and nobody else.
 *
 * Every page, grant, poll, introspection and UserInfo asks it, in the statement that reads the session, the
 * authorization or the token. Whatever ends with the state is also ended for good in the commit that changes it
 * (`changePersonState`): this is the second line, which holds though a row were forgotten there.
 */

/** True, in SQL, for a row of `persons`. */
export const isActive = (row: string): string => `${row}.state = 'active'`;

/** True, in SQL, for the id of a person who is active; false for NULL. */
export const mayAct = (person: string): string =>
  `EXISTS (SELECT 1 FROM persons w WHERE w.id = ${person} AND ${isActive('w')})`;

/** For a select list: 1 or 0 as `person_active`. */
export const personActive = (person: string): string =>
  `CASE WHEN ${mayAct(person)} THEN 1 ELSE 0 END AS person_active`;
