/** Content handles: names them, opens them as often as needed, and decodes texts. */

import { createReadStream, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { openUri } from "../content/open-uri.js";
import { mapUriPath } from "../content/openers.js";
import { describeError, InputError } from "../errors.js";
import { redactUrl } from "../redact-urls.js";
import { extensionOf } from "./detect/names.js";
import { isShifted, likelyEncoding } from "./detect/text.js";
import type { Content, FileContent, ReadableContent } from "./input.js";

/** Texts are read into memory, so they must have fewer bytes. */
const maxTextBytes = 20_000_000;

/** Names a content for error texts. */
export function nameOfContent(content: Content): string {
  if ("path" in content) {
    const { path, offset, length = 0 } = content;
    return offset === undefined ? path : `${path} (${length} bytes from ${offset})`;
  }
  return "url" in content ? redactUrl(content.url) : "uri" in content ? content.uri : "the content";
}

/**
 * Returns a content as it is written to disk or sent to another machine: where it is, without what is known about it, since whoever reads it finds that out again.
 * `mapPath` replaces the path of a file, also in a URI. Bytes and URLs stay as they are.
 *
 * @throws {InputError} ERR_OPENER_UNKNOWN, and what `mapPath` throws
 */
export function relocated(content: Content, mapPath: (path: string) => string): Content {
  if ("path" in content) {
    const { path, offset, length, version } = content;
    return { path: mapPath(path), ...(offset !== undefined && { offset, length, version }) };
  }
  if (!("uri" in content)) return content;
  const { uri, sizeBytes, version } = content;
  return { uri: mapUriPath(uri, mapPath), sizeBytes, version };
}

/**
 * Reads a text file, whatever its name says. @throws {InputError} ERR_FILE_UNREADABLE, ERR_FILE_EMPTY, ERR_NOT_A_FILE, ERR_ITEM_TOO_LARGE,
 * ERR_TEXT_ENCODING
 */
export async function readTextFile(path: string): Promise<string> {
  try {
    const found = statSync(path);
    if (!found.isFile()) throw new InputError("ERR_NOT_A_FILE", `${path} is not a regular file`);
    if (found.size === 0) throw new InputError("ERR_FILE_EMPTY", `${path} is empty`);
    checkTextSize(found.size, path);
    return decodeText(await readFile(path), path);
  } catch (error) {
    throw asUnreadable(path, error);
  }
}

/** Refuses a text that is too large for memory. @throws {InputError} ERR_ITEM_TOO_LARGE */
export function checkTextSize(bytes: number, name: string): void {
  if (bytes < maxTextBytes) return;
  throw new InputError("ERR_ITEM_TOO_LARGE", `${name} has ${bytes} bytes; a text must have fewer than ${maxTextBytes}`);
}

/**
 * Reads the bytes of a content from the start, as often as called.
 *
 * @throws {InputError} ERR_CONTENT_REMOTE for a URL; ERR_FILE_CHANGED for a part that is no longer in its file; for a URI, what `openUri` throws
 */
export async function* openContent(content: Content, signal?: AbortSignal): AsyncGenerator<Buffer> {
  if ("bytes" in content) {
    yield Buffer.from(content.bytes.buffer, content.bytes.byteOffset, content.bytes.byteLength);
  } else if ("path" in content) {
    const { path, offset } = content;
    if (offset === undefined) yield* createReadStream(path, { signal }) as AsyncIterable<Buffer>;
    else yield* openPart(content, offset, signal);
  } else if ("uri" in content) {
    yield* openUri(content, { signal });
  } else {
    throw new InputError(
      "ERR_CONTENT_REMOTE",
      `${redactUrl(content.url)} is a URL; fetch it with urls(…, { fetch: true }) first`,
    );
  }
}

async function* openPart(content: FileContent, offset: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const { path, length = 0 } = content;
  if (length === 0) return;
  let total = 0;
  for await (const chunk of createReadStream(path, { signal, start: offset, end: offset + length - 1 })) {
    total += chunk.length;
    yield chunk;
  }
  if (total < length) throw outside(path, offset + total, offset, length);
}

/** Makes the error for a part that lies outside its file. */
export function outside(path: string, size: number, offset: number, length: number): InputError {
  const text = `${path} changed: it has ${size} bytes, and the part of ${length} bytes from ${offset} is not in it`;
  return new InputError("ERR_FILE_CHANGED", text);
}

/** Returns the path of a whole file, for libraries that read files themselves, and otherwise the bytes. @throws {InputError} like `openContent` */
export function pathOrBytes(content: ReadableContent): string | Uint8Array | Promise<Uint8Array> {
  if ("bytes" in content) return content.bytes;
  return "path" in content && content.offset === undefined ? content.path : readContent(content);
}

/** Number of bytes of a content. 0 if it is not known. */
export function sizeOfContent(content: ReadableContent): number {
  return "bytes" in content ? content.bytes.byteLength : (content.sizeBytes ?? 0);
}

/** Reads a whole content into memory. @throws {InputError} ERR_CONTENT_REMOTE for a URL */
export async function readContent(content: Content, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of openContent(content, signal)) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/**
 * Decodes UTF-8 text. A byte order mark is part of the text and stays; `decodeData` removes it.
 *
 * @throws {InputError} ERR_TEXT_ENCODING
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw encodingError(bytes, name, error);
  }
  if (isShifted(text)) throw encodingError(bytes, name);
  return text;
}

/** Decodes UTF-8 text for a parser, without a byte order mark. @throws {InputError} ERR_TEXT_ENCODING */
export function decodeData(bytes: Uint8Array, name: string): string {
  const text = decodeText(bytes, name);
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** Makes the error for a text in another encoding: names the likely encoding, and how to convert it. */
export function encodingError(bytes: Uint8Array, name: string, cause?: unknown): InputError {
  const encoding = likelyEncoding(bytes);
  const broken = encoding?.startsWith("UTF-8");
  const found = encoding === undefined ? "" : `; it seems to be ${encoding}`;
  const advice =
    encoding === undefined || broken
      ? "save it as UTF-8 text"
      : `convert it, for example: iconv -f ${encoding.toUpperCase()} -t UTF-8 ${extensionOf(name) === "" ? "FILE" : JSON.stringify(name)} > NEW-FILE`;
  return new InputError(
    "ERR_TEXT_ENCODING",
    `${name} is not UTF-8 text${found}; ${advice}`,
    cause === undefined ? {} : { cause },
  );
}

/** Makes the error of a file that cannot be read; an InputError stays as it is. */
export function asUnreadable(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  return new InputError("ERR_FILE_UNREADABLE", `${path} cannot be read: ${describeError(error)}`, { cause: error });
}
