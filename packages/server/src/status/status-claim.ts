/**
 * The status of access tokens: which bit a token names, which lists there are, and who is told when a bit is set.
 *
 * Owns: the place of a bit in a list and the claim that names it; giving indexes out (`status-indexes.ts`), the
 * published lists (`status-lists.ts`) and the feed (`status-feed.ts`).
 * Does not own: when a bit is set: that is part of each store operation that takes the ground from tokens.
 */
import { isJsonObject } from '@castellan/protocol';
import type { OwnedStatus } from '../store/status-store.ts';

/** Tokens of one list. A list of any 65,536 bits fits into a token of the size that verifiers read. */
export const listSize = 65_536;

/** A published list. */
export interface ListName {
  readonly epoch: number;
  readonly list: number;
}

/** Below the issuer. */
export const listFolder = '/status/';

/** The address of a list. Within one epoch an index is in one list for good. */
export function listUri(issuer: string, { epoch, list }: ListName): string {
  return `${issuer}${listFolder}${epoch}.${list}`;
}

/** The list that `1.0` names, the last part of its address; undefined for any other spelling. */
export function parseListName(text: string): ListName | undefined {
  const found = /^([1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/.exec(text);
  return found === null ? undefined : { epoch: Number(found[1]), list: Number(found[2]) };
}

/** The `status` claim of a token. @see draft-ietf-oauth-status-list §6.1 */
export interface StatusClaim {
  readonly status_list: { readonly idx: number; readonly uri: string };
}

/** Says where the bit of the owner is. */
export function statusClaim(issuer: string, { epoch, statusIndex }: OwnedStatus): StatusClaim {
  const list = Math.floor(statusIndex / listSize);
  return { status_list: { idx: statusIndex % listSize, uri: listUri(issuer, { epoch, list }) } };
}

/** Reads what {@link statusClaim} wrote; undefined for anything else. */
export function readStatusClaim(issuer: string, status: unknown): OwnedStatus | undefined {
  const named = isJsonObject(status) ? status['status_list'] : undefined;
  if (!isJsonObject(named)) return undefined;
  const { idx, uri } = named;
  const folder = issuer + listFolder;
  if (typeof idx !== 'number' || typeof uri !== 'string' || !uri.startsWith(folder)) return undefined;
  const name = parseListName(uri.slice(folder.length));
  return name && { epoch: name.epoch, statusIndex: name.list * listSize + idx };
}
