/** One invoice. */
import { change, read, whoAmI } from '../api.js';
import { element, show, title } from '../dom.js';
import { day, money, statusOf } from '../format.js';
import { chip, field, message, savingForm } from '../pieces.js';

/** One invoice, with the two lines its owner may write. */
export async function showInvoice() {
  const id = location.pathname.split('/')[2];
  let invoice;
  try {
    invoice = await read(`/invoices/${encodeURIComponent(id)}`);
  } catch (error) {
    if (error.status !== 404 && error.status !== 400) throw error;
    return message({
      id: 'no-invoice',
      heading: 'There is no such invoice for you',
      text: 'It does not exist, or it is not yours. Which of the two, nobody is told.',
      href: '/invoices',
      link: 'Back to your invoices',
    });
  }
  const me = await whoAmI();
  title(invoice.number);
  show(
    element('p', {}, element('a', { href: '/invoices' }, '← Invoices')),
    element('div.row', {}, element('h1', {}, invoice.number), chip(statusOf(invoice))),
    facts(invoice),
    invoice.ownerId === me.id ? editor(invoice) : readOnly(invoice),
  );
}

function facts(invoice) {
  const terms = [
    ['Customer', invoice.customer],
    ['Issued', day(invoice.issuedOn)],
    ['Due', day(invoice.dueOn)],
  ];
  if (invoice.auditRemark) terms.push(['Remark of the audit', invoice.auditRemark]);
  return element(
    'section.card.stack',
    { id: 'invoice', 'data-id': String(invoice.id) },
    element('p.total', {}, money(invoice.total, invoice.currency)),
    element(
      'dl.facts',
      {},
      ...terms.map(([term, text]) => element('div', {}, element('dt', {}, term), element('dd', {}, text))),
    ),
  );
}

function editor(invoice) {
  if (invoice.status === 'void') return readOnly(invoice, 'A void invoice stays as it is.');
  const form = savingForm({
    id: 'invoice-form',
    button: 'Save',
    fields: [
      field({
        id: 'note',
        label: 'Note',
        value: invoice.note,
        maxlength: 500,
        hint: 'One line, for you and your accountant.',
      }),
      field({ id: 'purchaseOrder', label: 'Purchase order', value: invoice.purchaseOrder, maxlength: 40 }),
    ],
    save: async (valueOf) => {
      const changes = { note: valueOf('note') || null, purchaseOrder: valueOf('purchaseOrder') || null };
      await change(`/invoices/${invoice.id}`, changes);
      return 'Saved.';
    },
  });
  return element('section.card.stack', {}, element('h2', {}, 'Your notes'), form);
}

function readOnly(invoice, why = 'You may read this invoice; its owner writes the notes.') {
  const terms = [
    ['Note', invoice.note ?? '—'],
    ['Purchase order', invoice.purchaseOrder ?? '—'],
  ];
  return element(
    'section.card.stack',
    {},
    element('h2', {}, 'Notes'),
    element(
      'dl.facts',
      {},
      ...terms.map(([term, text]) => element('div', {}, element('dt', {}, term), element('dd', {}, text))),
    ),
    element('p.soft.small', {}, why),
  );
}
