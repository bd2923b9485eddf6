/** Content handles: finds the kind, type and size of a file or of bytes, and opens them as often as needed. */

import { closeSync, constants, createReadStream, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { openUri } from "../content/open-uri.js";
import { mapUriPath } from "../content/openers.js";
import { withParts } from "../content/read-parts.js";
import { describeError, InputError } from "../errors.js";
import { redactUrl } from "../redact-urls.js";
import { shorten } from "../util/shorten.js";
import { detect, detectRest } from "./detect/detect.js";
import type { Found } from "./detect/found.js";
import { extensionOf, isTextName, mediaKindOfName } from "./detect/names.js";
import { Reader, type ReadMore } from "./detect/reader.js";
import { isShifted, likelyEncoding } from "./detect/text.js";
import { oldTextType, unknownType } from "./detect/types.js";
import type { BytesContent, Content, FileContent, Kind, ReadableContent, UriContent } from "./input.js";

/** Texts are read into memory, so they must have fewer bytes. */
const maxTextBytes = 20_000_000;

/** Bytes read to identify a file; enough for most files. */
const headBytes = 4100;

/** Opens a named pipe without waiting for its writer. Windows has no such flag. */
const readNow = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const head = Buffer.allocUnsafeSlow(headBytes);

/** A file or bytes after their identification: the kind, and the handle with size, type and pixels. */
export interface Described<C extends ReadableContent = ReadableContent> {
  /** Kind of the content; undefined if it is not an image, video, audio or text. `content.mimeType` then names what it is. */
  kind: Kind | undefined;
  content: C;
  /** The text of a small text file that was read as a whole. */
  text?: string | undefined;
}

/** Describes a content by its form, like `describeFile`. `name` is that of an entry of an archive. @throws {InputError} what `describeFile` throws, and what `openUri` throws */
export function describeContent(
  content: ReadableContent,
  sentAs?: Kind,
  name?: string,
): Described | Promise<Described> {
  if ("bytes" in content) return describeBytes(content, sentAs, name);
  return "uri" in content
    ? describeUri(content, sentAs, name)
    : describeFile(content.path, sentAs, { ...content, name });
}

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

/** A part of a file. */
type Part = Pick<FileContent, "offset" | "length" | "version"> & { name?: string | undefined };

/**
 * Describes a file or a part of it: size, time, kind and type by content, width and height of an image.
 *
 * Opens the file once and reads its first 4 KB, synchronously. Some formats need more: the directory of a TIFF, the tracks of a video. Then it reads up to
 * 768 KB more, in small pieces. Returns a promise only for rare types.
 *
 * Refuses a file whose name or first bytes say that it is media if its content cannot be identified, and a text file in another encoding than UTF-8.
 *
 * @param sentAs kind that the user expects; it decides how far to search for sound after unknown bytes.
 * @param part the part of the file. Without a name of its own, only its bytes count.
 *
 * @throws {InputError} ERR_FILE_UNREADABLE, ERR_FILE_EMPTY, ERR_FILE_CHANGED, ERR_NOT_A_FILE, ERR_KIND_UNKNOWN, ERR_TEXT_ENCODING
 */
export function describeFile(
  path: string,
  sentAs?: Kind,
  part: Part = {},
): Described<FileContent> | Promise<Described<FileContent>> {
  let file: number | undefined;
  try {
    file = openSync(path, readNow);
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new InputError("ERR_NOT_A_FILE", `${path} is not a regular file`);
    const content = contentOf(path, stat, part);
    const { offset = 0, sizeBytes: size = 0 } = content;
    if (size === 0) throw new InputError("ERR_FILE_EMPTY", `${nameOfContent(content)} is empty`);
    const name = part.offset === undefined ? path : part.name;
    const start = head.subarray(0, readSync(file, head, 0, Math.min(headBytes, size), offset));
    const more: ReadMore = (position, length) =>
      readPart(file, path, offset + position, Math.min(length, size - position));
    const found = detect(new Reader(start, size, more), name);
    if (found) {
      const described = checked(withFacts(content, found), found, start, name);
      if (found.mimeType === "text/plain" && size <= start.length) described.text = wholeText(start, name);
      return described;
    }
    const copy = Buffer.from(start); // a copy, because the next file overwrites `head`
    return detectRest(new Reader(copy, size, more), name, sentAs).then(
      (rest) => checked(withFacts(content, rest), rest, copy, name),
      (error: unknown) => {
        throw asUnreadable(path, error);
      },
    );
  } catch (error) {
    throw asUnreadable(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
    file = undefined;
  }
}

function contentOf(path: string, stat: Stats, { offset, length = 0, version }: Part): FileContent {
  const { size, mtimeMs: modifiedMs } = stat;
  if (offset === undefined) return { path, sizeBytes: size, modifiedMs };
  if (offset + length <= size) {
    return { path, offset, length, sizeBytes: length, modifiedMs, ...(version !== undefined && { version }) };
  }
  throw outside(path, size, offset, length);
}

/** Describes what an opener reads, like `describeFile`. @throws {InputError} also what `openUri` throws */
async function describeUri(content: UriContent, sentAs?: Kind, name?: string): Promise<Described<UriContent>> {
  const { uri, sizeBytes } = content;
  if (sizeBytes === 0) throw new InputError("ERR_FILE_EMPTY", `${uri} is empty`);
  return withParts(content, async (more) => {
    const start = more(0, headBytes);
    const reader = new Reader(start, sizeBytes, more);
    const found = detect(reader, name) ?? (await detectRest(reader, name, sentAs));
    return checked(withFacts({ ...content }, found), found, start, name);
  });
}

/** Describes bytes in memory, like `describeFile`. @throws {InputError} ERR_FILE_EMPTY, ERR_KIND_UNKNOWN */
export async function describeBytes(
  content: BytesContent,
  sentAs?: Kind,
  name?: string,
): Promise<Described<BytesContent>> {
  const { bytes } = content;
  if (bytes.byteLength === 0) throw new InputError("ERR_FILE_EMPTY", "the content has no bytes");
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, headBytes));
  const more: ReadMore = (position, length) => Buffer.from(bytes.subarray(position, position + length));
  const reader = new Reader(start, bytes.byteLength, more);
  const found = detect(reader, name) ?? (await detectRest(reader, name, sentAs));
  return checked(withFacts({ ...content }, found), found, start, name);
}

/**
 * Returns the media type of a content by its first bytes and by those that `more` reads. `start` has at least 4 KB, or the whole content. Without `more`,
 * `kind` decides between video and audio if only the tracks could distinguish them. Returns a promise only for rare types.
 */
export function mimeTypeOf(
  start: Buffer,
  sizeBytes: number,
  { more, kind }: { more?: ReadMore; kind?: string } = {},
): string | Promise<string> {
  const reader = new Reader(start.subarray(0, headBytes), sizeBytes, more);
  const typeOf = ({ mimeType }: Found) =>
    !reader.isWhole && kind === "audio" ? mimeType.replace(/^video\//, "audio/") : mimeType;
  const found = detect(reader);
  return found ? typeOf(found) : detectRest(reader).then(typeOf);
}

/** Makes the error for a described content without a kind: a text in another encoding, or another format. */
export function kindError({ content }: Described, name: string): InputError {
  const { mimeType = unknownType } = content;
  if (mimeType === oldTextType)
    return new InputError("ERR_TEXT_ENCODING", `${name} is a text in another encoding than UTF-8; convert it to UTF-8`);
  const what = mimeType === unknownType ? "of no known type" : mimeType;
  return new InputError("ERR_KIND_UNKNOWN", `${name} is not an image, video, audio or text; its content is ${what}`);
}

/** Refuses damaged content, and content that is not what the name of its file says. */
function checked<C extends ReadableContent>(
  content: C,
  { kind, mimeType, broken }: Found,
  start: Buffer,
  path: string | undefined,
): Described<C> {
  if (broken !== undefined)
    throw new InputError("ERR_KIND_UNKNOWN", `${path ?? "the content"} cannot be identified: ${broken}`);
  if (path === undefined || (kind !== undefined && kind !== "text")) return { kind, content };
  const named = mediaKindOfName(path);
  if (named !== undefined) {
    const what =
      kind === "text" ? `text (${beginningOf(start)})` : mimeType === unknownType ? "of no known type" : mimeType;
    const text = `${path} is named like ${named === "video" ? "a" : "an"} ${named}, but its content is ${what}`;
    throw new InputError("ERR_KIND_UNKNOWN", `${text}; replace it with the original, or rename it`);
  }
  if (kind === undefined && isTextName(path)) {
    if (mimeType === unknownType || mimeType === oldTextType) throw encodingError(start, path);
    const text = `${path} is named like a text, but its content is ${mimeType}`;
    throw new InputError("ERR_KIND_UNKNOWN", `${text}; rename it`);
  }
  return { kind, content };
}

/** Decodes a text that was read as a whole. Only a file that is named like a text fails if that is impossible: other files may not be meant as text. */
function wholeText(bytes: Buffer, path: string | undefined): string | undefined {
  try {
    return decodeText(bytes, path ?? "the content");
  } catch (error) {
    if (path !== undefined && isTextName(path)) throw error;
    return undefined;
  }
}

/** Formats the first characters of a text on one line. */
function beginningOf(start: Buffer): string {
  const line = start.toString("utf8", 0, 120).replace(/\s+/g, " ").trim();
  return JSON.stringify(shorten(line, 30));
}

function withFacts<C extends ReadableContent>(content: C, { mimeType, width, height }: Found): C {
  content.mimeType = mimeType;
  if (width !== undefined) content.width = width;
  if (height !== undefined) content.height = height;
  return content;
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
function outside(path: string, size: number, offset: number, length: number): InputError {
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
function encodingError(bytes: Uint8Array, name: string, cause?: unknown): InputError {
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

/** Reads bytes of a file from a position, with the open handle if there is one. Each result has its own memory. */
function readPart(handle: number | undefined, path: string, position: number, length: number): Buffer {
  const file = handle ?? openSync(path, readNow);
  try {
    const buffer = Buffer.allocUnsafe(length);
    return buffer.subarray(0, readSync(file, buffer, 0, length, position));
  } finally {
    if (handle === undefined) closeSync(file);
  }
}

function asUnreadable(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  return new InputError("ERR_FILE_UNREADABLE", `${path} cannot be read: ${describeError(error)}`, { cause: error });
}
