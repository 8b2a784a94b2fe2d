/** The first page: for strangers what this is, for everybody else what is owed. */
import { read } from '../api.js';
import { element, show, title } from '../dom.js';
import { money, statusOf } from '../format.js';
import { invoiceTable, loginPath } from '../pieces.js';

/** For somebody who is not signed in: what this is, and the way in. */
export function showWelcome() {
  title('Welcome');
  const points = [
    [
      'Your own, and no more',
      'The list, each invoice and each field pass one policy. Somebody else’s invoice is not «forbidden»; for you it does not exist.',
    ],
    ['No token in this page', 'The backend keeps them. What your browser holds is one cookie that no script can read.'],
    [
      'Try to break in',
      'Open /invoices/42, change what you send, sign in as the other person. Every refusal is an event in the log.',
    ],
  ];
  show(
    element(
      'section.stack',
      {},
      element('h1', {}, 'Invoices, for your eyes only'),
      element(
        'p.lead',
        {},
        'A small product that signs people in, asks before it acts for them, and shows each person what is theirs.',
      ),
      element('a.button', { id: 'sign-in', href: loginPath('/') }, 'Sign in'),
      element('p.soft.small', {}, 'Names and passwords of the two demo people are in .castellan/demo-people.txt.'),
    ),
    element(
      'section.points',
      { 'aria-label': 'What this shows' },
      ...points.map(([heading, text]) =>
        element('div.card.stack', {}, element('h2', {}, heading), element('p.soft', {}, text)),
      ),
    ),
  );
}

/** The first page of somebody who is: what is owed, what is late, and the newest invoices. */
export async function showHome(name) {
  title('Overview');
  const { items } = await read('/invoices');
  const sum = (wanted) => {
    const found = items.filter((invoice) => wanted.includes(statusOf(invoice)));
    const currency = items[0]?.currency ?? 'EUR';
    return money(
      found.reduce((total, invoice) => total + invoice.total, 0),
      currency,
    );
  };
  const late = items.filter((invoice) => statusOf(invoice) === 'overdue').length;
  const figures = [
    ['Outstanding', sum(['open', 'overdue'])],
    ['Overdue', `${late} ${late === 1 ? 'invoice' : 'invoices'}`],
    ['Paid', sum(['paid'])],
  ];
  const newest = items.toSorted((a, b) => b.issuedOn.localeCompare(a.issuedOn)).slice(0, 5);
  show(
    element('h1', {}, name ? `Good to see you, ${name.split(' ')[0]}` : 'Good to see you'),
    element(
      'dl.figures',
      {},
      ...figures.map(([term, value]) =>
        element('div.card.figure', {}, element('dt', {}, term), element('dd', {}, value)),
      ),
    ),
    element(
      'div.row.apart',
      {},
      element('h2', {}, 'Newest invoices'),
      element('a', { href: '/invoices' }, 'All invoices'),
    ),
    element('div.card.flush', {}, invoiceTable(newest)),
  );
}
