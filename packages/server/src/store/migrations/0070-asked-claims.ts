/** Claims asked for one by one stay with the authorization; `SCHEMA.md` describes them. */
export function askedClaims(): readonly string[] {
  return ['ALTER TABLE authorizations ADD COLUMN claims TEXT'];
}
