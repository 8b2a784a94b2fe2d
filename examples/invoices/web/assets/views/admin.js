/** The list of people. */
import { read } from '../api.js';
import { element, show, title } from '../dom.js';
import { message } from '../pieces.js';

const roles = { customer: 'Customer', accountant: 'Accountant' };

/** All people, for the accountant; a clear no for everybody else. */
export async function showAdmin() {
  let users;
  try {
    users = (await read('/admin/users')).items;
  } catch (error) {
    if (error.status !== 403) throw error;
    return message({
      id: 'refused',
      heading: 'This page is for accountants',
      text: 'The API refused the request: your role does not include the list of people. Hiding the link would not have been enough.',
      href: '/',
      link: 'Back to the overview',
      reference: error.reference,
    });
  }
  title('People');
  const rows = users.map((user) =>
    element(
      'tr',
      {},
      element('td.at-a', {}, user.displayName),
      element('td.at-b', {}, roles[user.role] ?? user.role),
      element('td.at-c.soft', {}, user.email),
    ),
  );
  show(
    element('h1', {}, 'People'),
    element(
      'div.card.flush',
      { id: 'users' },
      element(
        'table.table',
        {},
        element('caption.visually-hidden', {}, 'People'),
        element(
          'thead',
          {},
          element('tr', {}, ...['Name', 'Role', 'Mail address'].map((text) => element('th', { scope: 'col' }, text))),
        ),
        element('tbody', {}, ...rows),
      ),
    ),
  );
}
