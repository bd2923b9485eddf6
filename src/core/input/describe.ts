/** Describes contents: finds the kind, type and size of a file, of bytes, or of what an opener reads. */

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { withParts } from "../content/read-parts.js";
import { InputError } from "../errors.js";
import { shorten } from "../util/format/shorten.js";
import { asUnreadable, decodeText, encodingError, nameOfContent, outside } from "./content.js";
import { detect, detectRest } from "./detect/detect.js";
import type { Found } from "./detect/found.js";
import { isTextName, mediaKindOfName } from "./detect/names.js";
import { Reader, type ReadMore } from "./detect/reader.js";
import { oldTextType, unknownType } from "./detect/types.js";
import type { BytesContent, FileContent, Kind, ReadableContent, UriContent } from "./input.js";

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

/** A part of a file. */
type Part = Pick<FileContent, "offset" | "length" | "version"> & { name?: string | undefined; onStart?: OnStart };

/** Gets the first bytes of a file that is described, which are valid during the call only. What else its caller reads from them needs no second opening. */
export type OnStart = (start: Buffer, sizeBytes: number) => void;

/**
 * Describes a file or a part of it: size, time, kind and type by content, width and height of an image.
 *
 * Opens the file once and reads its first 4 KB, synchronously. Some formats need more: the directory of a TIFF, the tracks of a video. Then it reads up to
 * 768 KB more, in small pieces. Returns a promise only for rare types.
 *
 * Refuses a file whose name or first bytes say that it is media if its content cannot be identified, and a text file in another encoding than UTF-8.
 *
 * @param sentAs kind that the user expects; it decides how far to search for sound after unknown bytes.
 * @param part the part of the file. Without a name of its own, only its bytes count. `onStart` gets the first bytes.
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
    part.onStart?.(start, size);
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
