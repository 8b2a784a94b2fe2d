/** Fetching a small document from an address that the operator configured, within bounds of time and size. */
import type { Runtime } from '../runtime.ts';

/** What to fetch, and the bounds. */
export interface BoundedFetch {
  readonly url: string;
  readonly accept: string;
  /** Sent by POST, when there is one. */
  readonly form?: string;
  /** Credentials for that address. */
  readonly authorization?: string;
  /** Those that are no problem; 200 alone when absent. */
  readonly statuses?: readonly number[];
  /** Seconds, for the answer and its body together. */
  readonly timeout: number;
  readonly maximumBytes: number;
  readonly runtime: Pick<Runtime, 'fetch' | 'schedule'>;
}

/** The body, or why there is none: a constant text. */
export type FetchedDocument =
  | {
      readonly problem?: undefined;
      readonly bytes: Uint8Array;
      /** Without parameters and in small letters; empty when the answer names none. */
      readonly mediaType: string;
    }
  | { readonly problem: string; readonly bytes?: undefined };

/**
 * Fetches a document. A redirect, any status but the expected ones, a body over the bound, and silence are problems. Never rejects.
 *
 * Does not check the address: give it configured ones only.
 *
 * @example const { bytes, problem } = await fetchBounded({ url, accept: 'application/json', timeout: 5, ...bounds });
 */
export async function fetchBounded(request: BoundedFetch): Promise<FetchedDocument> {
  const controller = new AbortController();
  const late = Promise.withResolvers<FetchedDocument>();
  const cancel = request.runtime.schedule(request.timeout * 1000, () => {
    late.resolve({ problem: 'no answer in time' });
    controller.abort();
  });
  const document = await Promise.race([load(request, controller.signal), late.promise]);
  cancel();
  return document;
}

async function load(request: BoundedFetch, signal: AbortSignal): Promise<FetchedDocument> {
  try {
    const { accept, authorization, form, statuses = [200] } = request;
    const headers = {
      accept,
      ...(authorization === undefined ? {} : { authorization }),
      ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    };
    const sending = form === undefined ? {} : { method: 'POST', body: form };
    const response = await request.runtime.fetch(request.url, { ...sending, headers, signal, redirect: 'error' });
    if (response.redirected || !statuses.includes(response.status)) return { problem: 'an answer that is not 200' };
    return await readBody(response, request.maximumBytes);
  } catch {
    // The cause names hosts and sockets, and after a time-out nobody waits any more.
    return { problem: 'no answer' };
  }
}

async function readBody(response: Response, maximumBytes: number): Promise<FetchedDocument> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (size > maximumBytes) return { problem: 'a body that is too large' };
    chunks.push(chunk);
  }
  const [mediaType = ''] = (response.headers.get('content-type') ?? '').split(';', 1);
  return { bytes: Buffer.concat(chunks), mediaType: mediaType.trim().toLowerCase() };
}
