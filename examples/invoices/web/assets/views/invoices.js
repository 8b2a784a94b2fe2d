/** The list of invoices. */
import { read } from '../api.js';
import { announce, element, show, title } from '../dom.js';
import { invoiceTable, showError } from '../pieces.js';

const pageSize = 50;
const filters = [
  ['', 'All'],
  ['open', 'Open'],
  ['paid', 'Paid'],
  ['draft', 'Draft'],
  ['void', 'Void'],
];

function load(status, after) {
  const query = new URLSearchParams();
  if (status) query.set('status', status);
  if (after !== undefined) query.set('after', String(after));
  return read(`/invoices${query.size > 0 ? `?${query}` : ''}`);
}

/** The list, narrowed down by the status in the address. */
export async function showInvoices() {
  title('Invoices');
  const asked = new URLSearchParams(location.search).get('status') ?? '';
  const status = filters.some(([value]) => value === asked) ? asked : '';
  const { items } = await load(status);
  const card = element('div.card.flush', { id: 'invoices' });
  const all = [...items];
  const more = element('button.button.quiet', { type: 'button', hidden: items.length < pageSize }, 'Show more');
  const fill = () => {
    if (all.length === 0) card.replaceChildren(element('p.soft.notice', {}, 'There are no invoices here.'));
    else card.replaceChildren(invoiceTable(all));
  };
  const loadMore = async () => {
    const next = await load(status, all.at(-1)?.id);
    all.push(...next.items);
    more.hidden = next.items.length < pageSize;
    fill();
    announce(`${all.length} invoices are shown.`);
  };
  more.addEventListener('click', () => void loadMore().catch(showError));
  fill();
  show(element('h1', {}, 'Invoices'), tabs(status), card, more);
}

function tabs(status) {
  const links = filters.map(([value, text]) => {
    const href = value === '' ? '/invoices' : `/invoices?status=${value}`;
    return element('li', {}, element('a', { href, 'aria-current': value === status ? 'page' : undefined }, text));
  });
  return element('nav', { 'aria-label': 'Status' }, element('ul.tabs', {}, ...links));
}
