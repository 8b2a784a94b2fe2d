/** Amounts, dates and words as people read them, in the browser's own language. */

const language = navigator.language;

/** An amount in minor units, such as cents. */
export function money(minor, currency) {
  const format = new Intl.NumberFormat(language, { style: 'currency', currency });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** A calendar day, which has no time zone. */
export function day(text) {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${text}T00:00Z`));
}

const words = { draft: 'Draft', open: 'Open', paid: 'Paid', void: 'Void', overdue: 'Overdue' };

/** The status a person cares about: an open invoice past its day is overdue. */
export function statusOf(invoice) {
  const today = new Date().toISOString().slice(0, 10);
  return invoice.status === 'open' && invoice.dueOn < today ? 'overdue' : invoice.status;
}

export function statusWord(status) {
  return words[status] ?? status;
}

/** The first letters of the first and the last name. */
export function initials(name) {
  const parts = name.trim().split(/\s+/);
  return [parts.at(0), parts.length > 1 ? parts.at(-1) : undefined].map((part) => part?.[0] ?? '').join('');
}
