/**
 * Token Status Lists: one bit (or two, four, eight) for each token of an issuer, compressed.
 *
 * Owns: the bits and their compressed form. Does not own: the signed token around them (`jose/`), where lists lie, and
 * what follows from a status.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/ §4
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { decodeBase64url } from './encoding.ts';
import { isJsonObject } from './strict-json.ts';

/** The `status_list` claim of a status list token. */
export interface StatusListClaim {
  readonly bits: number;
  /** The list, compressed by DEFLATE in the zlib format, as base64url. */
  readonly lst: string;
}

/** A list, unpacked. */
export interface StatusList {
  /** Of each status. */
  readonly bits: 1 | 2 | 4 | 8;
  readonly bytes: Uint8Array;
}

/** A list, or why there is none: a constant text. */
export type StatusListReading =
  | { readonly list: StatusList; readonly problem?: undefined }
  | { readonly problem: string; readonly list?: undefined };

/**
 * Packs a list of one bit for each of `size` tokens, of which those at `set` are 1.
 *
 * @throws {RangeError} for an index outside the list
 * @example const claims = { sub: uri, iat, exp, status_list: packStatusBits(65_536, revoked) };
 */
export function packStatusBits(size: number, set: Iterable<number>): StatusListClaim {
  const list: StatusList = { bits: 1, bytes: new Uint8Array(Math.ceil(size / 8)) };
  for (const index of set) {
    if (index >= size) throw new RangeError('a status outside its list');
    setStatusBit(list, index);
  }
  return packStatusList(list);
}

/** Packs a list. */
export function packStatusList({ bits, bytes }: StatusList): StatusListClaim {
  return { bits, lst: deflateSync(bytes, { level: 9 }).toString('base64url') };
}

/**
 * Unpacks the `status_list` claim of a token that was verified. Never throws.
 *
 * @param maximumBytes what it may unpack to: a few bytes can unpack to a thousand times as many
 */
export function readStatusList(claim: unknown, maximumBytes: number): StatusListReading {
  if (!isJsonObject(claim)) return { problem: 'the status list is not an object' };
  const { bits, lst } = claim;
  if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8) return { problem: 'bits is not 1, 2, 4 or 8' };
  const packed = typeof lst === 'string' ? decodeBase64url(lst) : undefined;
  if (packed === undefined) return { problem: 'the list is not base64url' };
  try {
    return { list: { bits, bytes: inflateSync(packed, { maxOutputLength: maximumBytes }) } };
  } catch {
    // zlib says nothing that helps: it is cut, not compressed so, or too large.
    return { problem: 'the list cannot be unpacked within its bound' };
  }
}

/**
 * The status at an index, counted from the least significant bit of the first byte on; undefined outside the list.
 *
 * @example const isValid = statusAt(list, index) === 0; // anything else is not valid, or not known
 */
export function statusAt({ bits, bytes }: StatusList, index: number): number | undefined {
  if (!Number.isSafeInteger(index) || index < 0) return undefined;
  const perByte = 8 / bits;
  const byte = bytes[Math.floor(index / perByte)];
  return byte === undefined ? undefined : (byte >> ((index % perByte) * bits)) & (2 ** bits - 1);
}

/** Sets the bit of an index in a list of one bit each; one outside the list is left alone. */
export function setStatusBit({ bytes }: StatusList, index: number): void {
  // A shift would cut the index to 32 bits and set a bit of somebody else.
  const at = Math.floor(index / 8);
  bytes[at] = (bytes[at] ?? 0) | (1 << (index % 8));
}
