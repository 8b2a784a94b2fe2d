import type { PeopleAdministration, PersonView } from '@castellan/server';
import { CommandError } from '../failure.ts';

/** By login name or id. @throws {CommandError} when there is no such person */
export async function findPerson(people: PeopleAdministration, name: string): Promise<PersonView> {
  const person = await people.find(name);
  if (person === undefined) throw new CommandError(`There is no person called ${name}.`);
  return person;
}
