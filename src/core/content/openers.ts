/** Openers: read what a URI names. Each scheme has one opener. */

import { InputError, OptionsError } from "../errors.js";
import { formatValue } from "../util/format/format-value.js";

/** The part of a content that an opener reads. */
export interface OpenRange {
  /** Position of the first byte. */
  offset: number;
  /** Number of bytes. */
  length: number;
  /** Version of the content that is expected, as its source named it: an ETag, a checksum. */
  version: string | undefined;
  /** Aborts when nobody needs the bytes any more. */
  signal: AbortSignal | undefined;
}

/** Reads the contents of one scheme. */
export interface Opener {
  /** Name for errors. */
  name: string;
  /** Scheme of its URIs, without the colon: `zip`, `s3`. */
  scheme: string;
  /**
   * Yields `length` bytes from `offset`, in chunks of any size, each time it is called. Throws an error with `retryable: true` if the same call may succeed
   * later: the flow then calls `open` again for the rest. Throws if the content no longer has the version that is expected. Closes what it opened in
   * `finally`.
   */
  open(uri: string, range: OpenRange): AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;
  /**
   * Returns the URI with the path of the local file in it replaced by `map(path)`. Required if the URIs of the scheme name files of this machine: dead letters
   * need full paths, and a worker must not leave its root.
   */
  mapPath?(uri: string, map: (path: string) => string): string;
}

const registered = new Map<string, Opener>();
/** Schemes with a form of content of their own. */
const otherForms = new Map([
  ["http", "{ url }"],
  ["https", "{ url }"],
  ["file", "{ path }"],
]);

/**
 * Defines the opener of a scheme, for the whole process: inputs with the content `{ uri, sizeBytes }` can then be read wherever a file can, also from a
 * dead-letter file and by the workers of a stream. A URI never has secrets in it, since it is written to the journal, the dead letters and the report.
 *
 * A second definition with the same name replaces the first.
 *
 * @throws {OptionsError} ERR_OPTIONS if the scheme is not valid, or belongs to another opener
 * @example
 * const store = new Map([["memory:a", Buffer.from("abc")]]);
 * defineOpener({
 *   name: "memory",
 *   scheme: "memory",
 *   async *open(uri, { offset, length }) {
 *     const bytes = store.get(uri);
 *     if (!bytes) throw new Error(`memory: ${uri} does not exist`);
 *     yield bytes.subarray(offset, offset + length);
 *   },
 * });
 */
export function defineOpener(opener: Opener): Opener {
  const { name, scheme, open } = (opener ?? {}) as Partial<Opener>;
  const invalid = (text: string) => new OptionsError("ERR_OPTIONS", `defineOpener: ${text}`);
  if (typeof name !== "string" || name === "") throw invalid(`name must be a text, got ${formatValue(name)}`);
  if (typeof scheme !== "string" || !/^[a-z][a-z0-9+.-]+$/.test(scheme)) {
    const rule = "two or more lowercase letters, digits, +, - or ., beginning with a letter";
    throw invalid(`scheme of "${name}" must be ${rule}, got ${formatValue(scheme)}`);
  }
  if (typeof open !== "function") throw invalid(`open of "${name}" must be a function, got ${formatValue(open)}`);
  const form = otherForms.get(scheme);
  if (form !== undefined) throw invalid(`scheme "${scheme}" has a content form of its own: ${form}`);
  const other = registered.get(scheme);
  if (other && other.name !== name)
    throw invalid(`scheme "${scheme}" of "${name}" belongs to the opener "${other.name}"`);
  registered.set(scheme, opener);
  return opener;
}

/** Returns the opener of a URI. @throws {InputError} ERR_OPENER_UNKNOWN */
export function openerOf(uri: string): Opener {
  const scheme = schemeOf(uri);
  const opener = registered.get(scheme);
  if (opener) return opener;
  const text = `no opener is defined for ${scheme}: (${uri})`;
  throw new InputError("ERR_OPENER_UNKNOWN", `${text}; import the plugin that reads it, or call defineOpener`);
}

/** Returns a URI whose local path is replaced. A URI of a scheme without local files stays as it is. @throws {InputError} ERR_OPENER_UNKNOWN */
export function mapUriPath(uri: string, map: (path: string) => string): string {
  return openerOf(uri).mapPath?.(uri, map) ?? uri;
}

function schemeOf(uri: string): string {
  return uri.slice(0, Math.max(0, uri.indexOf(":"))).toLowerCase();
}
