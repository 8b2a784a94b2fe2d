/** The person’s own profile. */
import { change, whoAmI } from '../api.js';
import { element, show, title } from '../dom.js';
import { showPerson } from '../frame.js';
import { field, savingForm } from '../pieces.js';

const roles = { customer: 'Customer', accountant: 'Accountant' };

/** What the API knows of the person, and the one thing they may change themselves. */
export async function showProfile() {
  title('Profile');
  const me = await whoAmI();
  const form = savingForm({
    id: 'profile-form',
    button: 'Save',
    fields: [
      field({
        id: 'displayName',
        label: 'Display name',
        value: me.displayName,
        maxlength: 80,
        hint: 'How this app addresses you.',
      }),
    ],
    save: async (valueOf) => {
      const saved = await change('/users/me', { displayName: valueOf('displayName') });
      showPerson(saved.displayName);
      return `Saved. Hello, ${saved.displayName}.`;
    },
  });
  const terms = [
    ['Mail address', me.email],
    ['Role', roles[me.role] ?? me.role],
  ];
  show(
    element('h1', {}, 'Profile'),
    element('section.card.stack', {}, element('h2', {}, 'Name'), form),
    element(
      'section.card.stack',
      {},
      element('h2', {}, 'Account'),
      element(
        'dl.facts',
        {},
        ...terms.map(([term, text]) => element('div', {}, element('dt', {}, term), element('dd', {}, text))),
      ),
      element('p.soft.small', {}, 'Nobody changes their own role: the API refuses it by name.'),
    ),
  );
}
