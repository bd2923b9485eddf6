/** Content handles: what a file or bytes are, found by content, and their bytes as often as asked. */

import { closeSync, constants, createReadStream, fstatSync, openSync, readSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describeError, InputError } from "../errors.js";
import { redactUrl } from "../redact-urls.js";
import { shorten } from "../util/shorten.js";
import { detect, detectRest } from "./detect/detect.js";
import type { Found } from "./detect/found.js";
import { extensionOf, isTextName, mediaKindOfName } from "./detect/names.js";
import { Reader, type ReadMore } from "./detect/reader.js";
import { isShifted, likelyEncoding } from "./detect/text.js";
import { oldTextType, unknownType } from "./detect/types.js";
import type { BytesContent, Content, FileContent, Kind } from "./input.js";

/** A text is read into memory, so it has less than this many bytes. */
const maxTextBytes = 20_000_000;

/** Bytes read to find the type of a file; enough for most files. */
const headBytes = 4100;

/** A pipe is not waited for; Windows has no such flag. */
const readNow = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const head = Buffer.allocUnsafeSlow(headBytes);

/** A file or bytes, looked at: its kind by content, and the handle with size, type and pixels filled in. */
export interface Described<C extends Content = Content> {
  /** What the content is; undefined for what is not an image, video, audio or text. The type of the content says what it is instead. */
  kind: Kind | undefined;
  content: C;
  /** The text, when the whole of a small text file was in the first bytes. */
  text?: string | undefined;
}

/**
 * Describes a file: size, time, kind and type by content, width and height of an image.
 *
 * Opens the file once and reads its first 4 KB, synchronously. Where they do not tell the type (the directory of a TIFF, the tracks of a video),
 * reads up to 768 KB more in small pieces. Returns a promise only for rare types.
 *
 * `sentAs` is the kind that a user gave it, which says how far to search for sound behind junk.
 *
 * A file that its name or its first bytes call media, and that cannot be identified, is refused, and so is a text file in another encoding.
 *
 * @throws {InputError} ERR_FILE_UNREADABLE, ERR_FILE_EMPTY, ERR_NOT_A_FILE, ERR_KIND_UNKNOWN, ERR_TEXT_ENCODING
 */
export function describeFile(path: string, sentAs?: Kind): Described<FileContent> | Promise<Described<FileContent>> {
  let file: number | undefined;
  try {
    file = openSync(path, readNow);
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new InputError("ERR_NOT_A_FILE", `${path} is not a regular file`);
    if (stat.size === 0) throw new InputError("ERR_FILE_EMPTY", `${path} is empty`);
    const { size, mtimeMs } = stat;
    const start = head.subarray(0, readSync(file, head, 0, headBytes, 0));
    const content: FileContent = { path, sizeBytes: size, modifiedMs: mtimeMs };
    const more: ReadMore = (position, length) => readPart(file, path, position, length);
    const found = detect(new Reader(start, size, more), path);
    if (found) {
      const described = checked(withFacts(content, found), found, start, path);
      if (found.mimeType === "text/plain" && size <= start.length) described.text = wholeText(start, path);
      return described;
    }
    const kept = Buffer.from(start);
    return detectRest(new Reader(kept, size, more), path, sentAs).then(
      (rest) => checked(withFacts(content, rest), rest, kept, path),
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

/** Describes bytes in memory, as `describeFile` describes a file. @throws {InputError} ERR_FILE_EMPTY, ERR_KIND_UNKNOWN */
export async function describeBytes(content: BytesContent, sentAs?: Kind): Promise<Described<BytesContent>> {
  const { bytes } = content;
  if (bytes.byteLength === 0) throw new InputError("ERR_FILE_EMPTY", "the content has no bytes");
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, headBytes));
  const more: ReadMore = (position, length) => Buffer.from(bytes.subarray(position, position + length));
  const reader = new Reader(start, bytes.byteLength, more);
  const found = detect(reader) ?? (await detectRest(reader, "", sentAs));
  return checked(withFacts({ ...content }, found), found, start, undefined);
}

/**
 * The type of a content by its first bytes, of which `start` has 4 KB or all that there are, and by what `more` reads besides. Without `more`, the kind
 * of what its tracks decide is `kind`. A promise only for rare types.
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

/** Why a content, which was described, is not what was asked for: a text in another encoding, or something else. */
export function kindError({ content }: Described, name: string): InputError {
  const { mimeType = unknownType } = content;
  if (mimeType === oldTextType)
    return new InputError("ERR_TEXT_ENCODING", `${name} is a text, and not in UTF-8: convert it to UTF-8`);
  const what = mimeType === unknownType ? "of no known type" : mimeType;
  return new InputError("ERR_KIND_UNKNOWN", `${name} is not an image, video, audio or text; its content is ${what}`);
}

/** Refuses what is broken, and what its name calls media or text and its content does not. */
function checked<C extends FileContent | BytesContent>(
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
    throw new InputError(
      "ERR_KIND_UNKNOWN",
      `${text}; replace it with the original, or give it the name of what it is`,
    );
  }
  if (kind === undefined && isTextName(path)) {
    if (mimeType === unknownType || mimeType === oldTextType) throw encodingError(start, path);
    const text = `${path} is named like a text, but its content is ${mimeType}`;
    throw new InputError("ERR_KIND_UNKNOWN", `${text}; give it the name of what it is`);
  }
  return { kind, content };
}

/** A text that was read whole. Only of a file that is a text by its name is it known that somebody wants it. */
function wholeText(bytes: Buffer, path: string): string | undefined {
  try {
    return decodeText(bytes, path);
  } catch (error) {
    if (isTextName(path)) throw error;
    return undefined;
  }
}

/** The first characters of a text, on one line. */
function beginningOf(start: Buffer): string {
  const line = start.toString("utf8", 0, 120).replace(/\s+/g, " ").trim();
  return JSON.stringify(shorten(line, 30));
}

function withFacts<C extends FileContent | BytesContent>(content: C, { mimeType, width, height }: Found): C {
  content.mimeType = mimeType;
  if (width !== undefined) content.width = width;
  if (height !== undefined) content.height = height;
  return content;
}

/**
 * Reads a file that is a text, whatever its name says. @throws {InputError} ERR_FILE_UNREADABLE, ERR_FILE_EMPTY, ERR_NOT_A_FILE, ERR_ITEM_TOO_LARGE,
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

/** Refuses a text that is too large to be read into memory. @throws {InputError} ERR_ITEM_TOO_LARGE */
export function checkTextSize(bytes: number, name: string): void {
  if (bytes < maxTextBytes) return;
  throw new InputError("ERR_ITEM_TOO_LARGE", `${name} has ${bytes} bytes; a text must have less than ${maxTextBytes}`);
}

/** The bytes of a handle on a file or on bytes, from the start, as often as asked. */
export async function* openContent(content: Content, signal?: AbortSignal): AsyncGenerator<Buffer> {
  if ("bytes" in content) {
    yield Buffer.from(content.bytes.buffer, content.bytes.byteOffset, content.bytes.byteLength);
  } else if ("path" in content) {
    yield* createReadStream(content.path, { signal }) as AsyncIterable<Buffer>;
  } else {
    throw new InputError(
      "ERR_CONTENT_REMOTE",
      `${redactUrl(content.url)} is a URL; fetch it with urls(…, { fetch: true }) first`,
    );
  }
}

/** Reads a whole handle into memory; for transforms that need all of it. */
export async function readContent(content: Content, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of openContent(content, signal)) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/**
 * Decodes UTF-8 text. A byte order mark is part of the text and stays; see `decodeData` for data.
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

/** Decodes UTF-8 text that a parser reads: a byte order mark is no part of it. @throws {InputError} ERR_TEXT_ENCODING */
export function decodeData(bytes: Uint8Array, name: string): string {
  const text = decodeText(bytes, name);
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** Names the encoding that a text is likely in, and how to convert it. */
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

/** Bytes of a file from a position on, by its handle while it is open. Each has memory of its own. */
function readPart(open: number | undefined, path: string, position: number, length: number): Buffer {
  const file = open ?? openSync(path, readNow);
  try {
    const buffer = Buffer.allocUnsafe(length);
    return buffer.subarray(0, readSync(file, buffer, 0, length, position));
  } finally {
    if (open === undefined) closeSync(file);
  }
}

function asUnreadable(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  return new InputError("ERR_FILE_UNREADABLE", `${path} cannot be read: ${describeError(error)}`, { cause: error });
}
