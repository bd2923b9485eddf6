/** URIs of entries: the path of the archive, where the entry begins, and its name. */

import { InputError } from "../../core/errors.js";
import { isRemote } from "../remote/is-remote.js";

/** An entry that is read by its position. */
export interface EntryAddress {
  /** Path of the archive, or the URI of a remote one. */
  path: string;
  /** Numbers by which the opener finds the entry. */
  numbers: Readonly<Record<string, number>>;
  /** Name of the entry. */
  name: string;
}

/** Writes an address as a URI: `zip:/photos/a.zip?at=120&packed=5000&size=6000#sea/a.jpg`. */
export function entryUri(scheme: string, { path, numbers, name }: EntryAddress): string {
  const query = Object.entries(numbers).map(([key, value]) => `${key}=${value}`);
  return `${scheme}:${encoded(path)}?${query.join("&")}#${encoded(name)}`;
}

/** Reads an address from a URI. `keys` are the numbers that it must have. @throws {InputError} ERR_ENTRY_URI */
export function parseEntryUri<Key extends string>(
  uri: string,
  keys: readonly Key[],
): EntryAddress & { numbers: Readonly<Record<Key, number>> } {
  const [, path, query = "", name] = /^[^:]+:([^?#]+)\?([^#]*)#(.+)$/s.exec(uri) ?? [];
  const found = new URLSearchParams(query);
  const numbers = Object.fromEntries(keys.map((key) => [key, Number(found.get(key) ?? Number.NaN)]));
  const isComplete = Object.values(numbers).every((value) => Number.isSafeInteger(value) && value >= 0);
  if (path !== undefined && name !== undefined && isComplete) {
    return { path: decoded(path, uri), numbers: numbers as Record<Key, number>, name: decoded(name, uri) };
  }
  throw new InputError("ERR_ENTRY_URI", `${uri} does not name an entry of an archive`);
}

/** Returns a URI of the same entry in an archive with another path. An entry of a remote archive keeps its URI. @throws {InputError} ERR_ENTRY_URI */
export function mapEntryPath(uri: string, map: (path: string) => string): string {
  const [, before, path, after] = /^([^:]+:)([^?#]+)(\?.*)$/s.exec(uri) ?? [];
  if (path === undefined) throw new InputError("ERR_ENTRY_URI", `${uri} does not name an entry of an archive`);
  const decodedPath = decoded(path, uri);
  return isRemote(decodedPath) ? uri : `${before}${encoded(map(decodedPath))}${after}`;
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll("%2F", "/");
}

function decoded(text: string, uri: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new InputError("ERR_ENTRY_URI", `${uri} does not name an entry of an archive`, { cause: error });
  }
}
