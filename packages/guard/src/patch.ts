/**
 * Two more ways to write a change, both read into the one the rules know: an object of fields and their new values.
 *
 * Owns: what JSON Patch and JSON Merge Patch mean for one object with flat fields. Does not own: which fields may be
 * written, which the same schema and the same rule decide as for `application/json`.
 */
import { isJsonObject } from '@castellan/protocol';

/** How a body of this media type is read; undefined for a type that is none of a change. */
export type PatchFormat = 'merge' | 'operations';

const formats: Readonly<Record<string, PatchFormat>> = {
  'application/merge-patch+json': 'merge',
  'application/json-patch+json': 'operations',
};

/** The format of a `Content-Type`; neither type has parameters (RFC 6902 §6, RFC 7396 §4). */
export function patchFormat(contentType: string): PatchFormat | undefined {
  const name = contentType.toLowerCase();
  return Object.hasOwn(formats, name) ? formats[name] : undefined;
}

/** What was read, or the member that cannot be. */
export type ReadPatch =
  | { readonly value: Readonly<Record<string, unknown>> }
  | { readonly problem: { readonly path: string; readonly message: string } };

const mostOperations = 100;
/** One field of the object itself. Names that JavaScript gives a meaning to are not among them. */
const fieldPointer = /^\/(?!constructor$|prototype$)([A-Za-z][A-Za-z0-9_]{0,63})$/;

/**
 * Reads RFC 6902 operations as the fields they set. `add` and `replace` set one, `remove` sets it to null; a later
 * operation on a field goes before an earlier one, as if they were done in order. `move`, `copy` and `test`, and
 * pointers to anything but a field of the object itself, are refused by name.
 */
export function readOperations(operations: unknown): ReadPatch {
  if (!Array.isArray(operations)) return { problem: { path: 'body', message: 'is not a list of operations' } };
  if (operations.length > mostOperations) return { problem: { path: 'body', message: 'has too many operations' } };
  const fields = new Map<string, unknown>();
  for (const [index, operation] of operations.entries()) {
    const path = `body[${index}]`;
    if (!isJsonObject(operation)) return { problem: { path, message: 'is not an operation' } };
    const { op, path: pointer, value } = operation;
    const sets = op === 'add' || op === 'replace';
    if (!sets && op !== 'remove') return { problem: { path: `${path}.op`, message: 'is not accepted here' } };
    const name = typeof pointer === 'string' ? fieldPointer.exec(pointer)?.[1] : undefined;
    if (name === undefined) return { problem: { path: `${path}.path`, message: 'is not a field of the object' } };
    if (sets && value === undefined) return { problem: { path: `${path}.value`, message: 'is missing' } };
    fields.set(name, sets ? value : null);
  }
  return { value: Object.fromEntries(fields) };
}
