/** Calls to our own backend. Tokens are its business: all this page has is a cookie it cannot read. */

/** The header without which the backend takes a request for somebody else's. */
const headers = { 'x-castellan-csrf': '1', accept: 'application/json' };

/** An answer that is not a success, with what the API said about it. */
export class ApiError extends Error {
  constructor(status, body) {
    super(body.error_description ?? `The answer was ${status}.`);
    this.status = status;
    this.problems = body.problems ?? [];
    this.reference = body.correlation;
  }
}

async function send(path, init = {}) {
  let response;
  try {
    response = await fetch(path, { ...init, headers: { ...headers, ...init.headers }, credentials: 'same-origin' });
  } catch {
    throw new ApiError(0, { error_description: 'There is no connection. Try again in a moment.' });
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, body);
  return body;
}

/** `{ signedIn, name?, expires? }` */
export const session = () => send('/session');

export const read = (path) => send(`/api${path}`);

let me;

/** What the API knows of the person, asked once for each page. */
export const whoAmI = () => (me ??= read('/users/me'));

export const change = (path, changes) =>
  send(`/api${path}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(changes),
  });

/** Ends the session here and at the issuer, and goes where that leads. */
export async function signOut() {
  const { next, issuer } = await send('/logout', { method: 'POST' });
  location.assign(issuer === 'unknown' ? `${next}?still=1` : next);
}
