/** Pieces that several views share. */
import { element, show, title } from './dom.js';
import { day, money, statusOf, statusWord } from './format.js';

/** Where to sign in and come back to. */
export function loginPath(path = location.pathname + location.search) {
  return `/login?${new URLSearchParams({ returnTo: path })}`;
}

export function chip(status) {
  return element(`span.chip.${status}`, {}, statusWord(status));
}

/** A page that says one thing and offers a way on. */
export function message({ id, heading, text, href, link, reference }) {
  title(heading);
  show(
    element(
      'section.card.stack',
      { id },
      element('h1', {}, heading),
      element('p.lead', {}, text),
      element('a.button', { href }, link),
      reference === undefined ? undefined : element('p.soft.small', {}, 'Reference ', element('code', {}, reference)),
    ),
  );
}

/** What a failed call means to the person. */
export function showError(error) {
  const { status, reference } = error;
  if (status === 401) {
    return message({
      id: 'session-ended',
      heading: 'Please sign in again',
      text: 'Your session has ended. Nothing that was saved is lost.',
      href: loginPath(),
      link: 'Sign in',
    });
  }
  return message({
    id: 'failed',
    heading: 'This did not work',
    text: error.message,
    href: location.pathname,
    link: 'Try again',
    reference,
  });
}

/** A table of invoices; on a phone, a list of cards. */
export function invoiceTable(invoices) {
  const rows = invoices.map((invoice) =>
    element(
      'tr',
      {},
      element('td.at-a', {}, element('a', { href: `/invoices/${invoice.id}` }, invoice.number)),
      element('td.at-c', {}, invoice.customer),
      element('td.at-e.soft', { 'data-label': 'Due' }, day(invoice.dueOn)),
      element('td.at-d', {}, chip(statusOf(invoice))),
      element('td.at-b.amount', {}, money(invoice.total, invoice.currency)),
    ),
  );
  const heads = [['Number'], ['Customer'], ['Due'], ['Status'], ['Amount', 'amount']];
  return element(
    'table.table',
    {},
    element('caption.visually-hidden', {}, 'Invoices'),
    element(
      'thead',
      {},
      element('tr', {}, ...heads.map(([text, name]) => element('th', { scope: 'col', class: name }, text))),
    ),
    element('tbody', {}, ...rows),
  );
}

/**
 * A form that saves by itself, says how it went, and can be sent once at a time.
 *
 * @param {{ id: string, fields: HTMLElement[], button: string, save: (valueOf: (name: string) => string) => Promise<string> }} shape
 */
export function savingForm({ id, fields, button, save }) {
  const outcome = element('p.notice', { role: 'status', hidden: true });
  const submit = element('button.button', { type: 'submit', id: `${id}-save` }, button);
  const tell = (text, kind) => {
    outcome.className = `notice ${kind}`;
    outcome.textContent = text;
    outcome.hidden = false;
  };
  const onSubmit = async (event) => {
    event.preventDefault();
    if (submit.getAttribute('aria-disabled') === 'true') return;
    submit.setAttribute('aria-disabled', 'true');
    outcome.hidden = true;
    try {
      const sent = new FormData(event.target);
      tell(await save((name) => sent.get(name)?.trim() ?? ''), 'good');
    } catch (error) {
      if (error.status === 401) return showError(error);
      tell(error.problems?.[0]?.message ? `${error.message} (${error.problems[0].message})` : error.message, 'bad');
    } finally {
      submit.removeAttribute('aria-disabled');
    }
  };
  return element(
    'form',
    { id, submit: (event) => void onSubmit(event), novalidate: true },
    ...fields,
    element('div.row', {}, submit),
    outcome,
  );
}

/** A labelled field. */
export function field({ id, label, value, hint, maxlength, lines = 1 }) {
  const common = { id, name: id, maxlength: String(maxlength), 'aria-describedby': hint && `${id}-hint` };
  const input =
    lines > 1
      ? element('textarea', { ...common, rows: String(lines) }, value ?? '')
      : element('input', { ...common, type: 'text', value: value ?? '' });
  return element(
    'div.field',
    {},
    element('label', { for: id }, label),
    input,
    hint && element('p.soft.small', { id: `${id}-hint` }, hint),
  );
}
