/**
 * A nightly job that nobody is signed in for: it gets a token for itself and counts the invoices that are open.
 *
 * Owns: the two requests. Does not own: when it runs, and where its settings come from (`main.ts`).
 */
export interface BatchSettings {
  readonly issuer: string;
  /** The API's address, which is the audience of the token too. */
  readonly api: string;
  readonly client: string;
  /** `A-Z a-z 0-9 - . _ ~` only, so it needs no encoding in the header. */
  readonly secret: string;
}

/** What the job found. */
export interface OpenInvoices {
  readonly count: number;
  /** By currency, in its smallest unit. */
  readonly totals: Readonly<Record<string, number>>;
}

type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/**
 * Runs the job once.
 *
 * @throws {Error} naming the request that was refused, and its status alone
 */
export async function countOpenInvoices(settings: BatchSettings, fetch: Fetch): Promise<OpenInvoices> {
  const token = await ownToken(settings, fetch);
  const totals: Record<string, number> = {};
  let count = 0;
  for (let after: number | undefined; ; ) {
    const page = await openInvoices({ ...settings, token, after }, fetch);
    for (const { currency, total } of page) totals[currency] = (totals[currency] ?? 0) + total;
    count += page.length;
    after = page.at(-1)?.id;
    if (after === undefined) return { count, totals };
  }
}

/** Client credentials (RFC 6749 §4.4): no person, no refresh token; the next run asks again. */
async function ownToken({ issuer, api, client, secret }: BatchSettings, fetch: Fetch): Promise<string> {
  const credentials = Buffer.from(`${encodeURIComponent(client)}:${secret}`).toString('base64');
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: api }).toString(),
  });
  if (!response.ok) throw new Error(`The issuer refused a token: ${response.status}.`);
  return ((await response.json()) as { access_token: string }).access_token;
}

interface Page extends BatchSettings {
  readonly token: string;
  readonly after: number | undefined;
}

interface Invoice {
  readonly id: number;
  readonly currency: string;
  readonly total: number;
}

async function openInvoices({ api, token, after }: Page, fetch: Fetch): Promise<readonly Invoice[]> {
  const query = new URLSearchParams({ status: 'open', ...(after === undefined ? {} : { after: String(after) }) });
  const response = await fetch(`${api}/invoices?${query}`, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`The API refused the list: ${response.status}.`);
  return ((await response.json()) as { items: readonly Invoice[] }).items;
}
