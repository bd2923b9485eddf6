/** Content handles: what a file is, found by looking at its first bytes, and its bytes as often as asked. */

import { closeSync, constants, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import { imageSize } from "image-size";
import { describeError, InputError } from "./errors.js";
import type { BytesContent, Content, FileContent, Kind } from "./input.js";
import { shownUrl } from "./secret-urls.js";

/** Bytes read to find the type of a file; enough for file-type and for most image headers. */
const headBytes = 4100;
/** Bytes read when the first ones do not tell the size of an image. */
const longHeadBytes = 512 * 1024;
/** Blocks of a JPEG that are passed over at most; no camera writes as many before the size. */
const maxSegments = 100;

/** A pipe is not waited for; Windows has no such flag. */
const readNow = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const head = Buffer.allocUnsafeSlow(headBytes);

/** Reads bytes of a content from a place on; fewer at its end. */
type ReadMore = (position: number, length: number) => Buffer;

/** A file or bytes, looked at: its kind by content, and the handle with size, type and pixels filled in. */
export interface Described<C extends Content = Content> {
  /** What the content is; undefined for what is neither image, video, audio nor text. */
  kind: Kind | undefined;
  content: C;
  /** The text, when the whole of a small text file was in the first bytes. */
  text?: string | undefined;
}

/**
 * Looks at a file: size, time, kind and type by content, width and height of an image. Reads the first 4 KB, synchronously;
 * it is asynchronous only for types that need a closer look.
 *
 * @throws {InputError} ERR_FILE_UNREADABLE, ERR_FILE_EMPTY, ERR_NOT_A_FILE
 */
export function describeFile(path: string): Described<FileContent> | Promise<Described<FileContent>> {
  let file: number | undefined;
  try {
    file = openSync(path, readNow);
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new InputError("ERR_NOT_A_FILE", `${path} is not a regular file`);
    if (stat.size === 0) throw new InputError("ERR_FILE_EMPTY", `${path} is empty`);
    const { size, mtimeMs } = stat;
    const start = head.subarray(0, readSync(file, head, 0, headBytes, 0));
    const content: FileContent = { path, sizeBytes: size, modifiedMs: mtimeMs };
    const more: ReadMore = (position, length) => readPart(path, position, length);
    const mimeType = quickType(start);
    if (mimeType?.startsWith("image/")) {
      addPixels(content, mimeType, start, size, more);
      return { kind: "image", content };
    }
    if (mimeType !== undefined) {
      content.mimeType = mimeType;
      return { kind: kindOfType(mimeType), content };
    }
    if (looksLikeText(start, size)) {
      content.mimeType = "text/plain";
      return size <= start.length
        ? { kind: "text", content, text: decodeText(start, path) }
        : { kind: "text", content };
    }
    return describeSlowly(content, Buffer.from(start), size, more);
  } catch (error) {
    throw asUnreadable(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Looks at bytes in memory, as `describeFile` looks at a file. */
export async function describeBytes(content: BytesContent): Promise<Described<BytesContent>> {
  const { bytes } = content;
  if (bytes.byteLength === 0) throw new InputError("ERR_FILE_EMPTY", "the content has no bytes");
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, headBytes));
  const described: BytesContent = { ...content };
  const more: ReadMore = (position, length) => Buffer.from(bytes.subarray(position, position + length));
  const mimeType = quickType(start);
  if (mimeType?.startsWith("image/")) {
    addPixels(described, mimeType, start, bytes.byteLength, more);
    return { kind: "image", content: described };
  }
  if (looksLikeText(start, bytes.byteLength)) {
    described.mimeType = "text/plain";
    return { kind: "text", content: described };
  }
  return describeSlowly(described, start, bytes.byteLength, more);
}

/**
 * The type of a content by its first bytes, of which `start` has 4 KB or all that there are; undefined for what is not known. A promise only for
 * types that need a closer look.
 */
export function mimeTypeOf(start: Buffer, sizeBytes: number): string | undefined | Promise<string | undefined> {
  const mimeType = quickType(start) ?? (looksLikeText(start, sizeBytes) ? "text/plain" : undefined);
  return mimeType ?? slowType(start);
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
      `${shownUrl(content.url)} is a URL; fetch it with urls(…, { fetch: true }) first`,
    );
  }
}

/** Reads a whole handle into memory; for transforms that need all of it. */
export async function readContent(content: Content, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of openContent(content, signal)) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** Decodes UTF-8 text, with or without a byte order mark; refuses other bytes. */
export function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new InputError("ERR_TEXT_ENCODING", `${name} is not UTF-8 text${isUtf16(bytes) ? ", but UTF-16" : ""}`, {
      cause: error,
    });
  }
}

/** The types that most files have, by their first bytes; the rest is file-type's. */
function quickType(start: Buffer): string | undefined {
  if (start.length < 12) return undefined;
  const first = start.readUInt32BE(0);
  if (first >>> 8 === 0xffd8ff) return "image/jpeg";
  if (first === 0x89504e47) return start.subarray(0, headBytes).includes("acTL") ? "image/apng" : "image/png";
  if (first === 0x47494638) return "image/gif";
  if (first === 0x52494646) {
    const form = start.readUInt32BE(8);
    if (form === 0x57454250) return "image/webp";
    if (form === 0x57415645) return "audio/wav";
  }
  return undefined;
}

async function describeSlowly<C extends FileContent | BytesContent>(
  content: C,
  start: Buffer,
  size: number,
  more: ReadMore,
): Promise<Described<C>> {
  const mimeType = await slowType(start);
  if (mimeType === undefined) return { kind: undefined, content };
  content.mimeType = mimeType;
  const kind = kindOfType(mimeType);
  if (kind === "image") addPixels(content, mimeType, start, size, more);
  return { kind, content };
}

async function slowType(start: Buffer): Promise<string | undefined> {
  if (isUtf16(start)) return "text/plain"; // its byte order mark could begin an MP3 as well
  const { fileTypeFromBuffer } = await import("file-type");
  // A few kilobytes, whatever there is: what it unfolds or walks through stays as small.
  const found = await fileTypeFromBuffer(start.subarray(0, headBytes)).catch(() => undefined);
  return found?.mime;
}

function kindOfType(mimeType: string): Kind | undefined {
  const family = mimeType.slice(0, mimeType.indexOf("/"));
  if (family === "image" || family === "video" || family === "audio" || family === "text") return family;
  return mimeType === "application/ogg" ? "audio" : undefined;
}

/** Whether bytes begin with the mark of UTF-16, and go on as such: in sound there are soon halves of pairs. */
function isUtf16(start: Uint8Array): boolean {
  const mark = start.length < 2 ? 0 : ((start[0] as number) << 8) | (start[1] as number);
  if (mark !== 0xfffe && mark !== 0xfeff) return false;
  try {
    const encoding = mark === 0xfffe ? "utf-16le" : "utf-16be";
    return !new TextDecoder(encoding, { fatal: true })
      .decode(start.subarray(0, headBytes), { stream: true })
      .includes("\0");
  } catch {
    return false;
  }
}

/** Text begins with UTF-8 without a zero; a cut last character is fine. */
function looksLikeText(start: Buffer, size: number): boolean {
  const first = start.subarray(0, headBytes);
  if (first.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(first, { stream: size > first.length });
    return true;
  } catch {
    return false;
  }
}

function addPixels(
  content: FileContent | BytesContent,
  mimeType: string,
  start: Buffer,
  size: number,
  more: ReadMore,
): void {
  content.mimeType = mimeType;
  try {
    setPixels(content, mimeType, start, more);
  } catch {
    if (size <= start.length) return; // a broken header: the platform says so, or a transform does
    try {
      setPixels(content, mimeType, more(0, longHeadBytes), more);
    } catch {
      // as above
    }
  }
}

function setPixels(content: FileContent | BytesContent, mimeType: string, start: Buffer, more: ReadMore): void {
  const { width, height } = (mimeType === "image/jpeg" ? jpegSize(start, more) : undefined) ?? imageSize(start);
  content.width = width;
  content.height = height;
}

/**
 * The size in the frame header of a plain JPEG, read behind the blocks that come before it (EXIF with a small picture, a colour profile): when each is
 * looked at thoroughly, a tenth of a folder's time goes by.
 */
function jpegSize(start: Buffer, more: ReadMore): { width: number; height: number } | undefined {
  let window = start;
  let begins = 0;
  for (let at = 2, segments = 0; segments < maxSegments; segments += 1) {
    if (at + 9 > begins + window.length) {
      window = more(at, headBytes);
      begins = at;
      if (window.length < 9) return undefined;
    }
    const offset = at - begins;
    if (window[offset] !== 0xff) return undefined;
    const marker = window[offset + 1] as number;
    if (marker >= 0xc0 && marker <= 0xc2) {
      return { height: window.readUInt16BE(offset + 5), width: window.readUInt16BE(offset + 7) };
    }
    at += 2 + window.readUInt16BE(offset + 2);
  }
  return undefined;
}

function readPart(path: string, position: number, length: number): Buffer {
  const file = openSync(path, readNow);
  try {
    const buffer = Buffer.allocUnsafe(length);
    return buffer.subarray(0, readSync(file, buffer, 0, length, position));
  } finally {
    closeSync(file);
  }
}

function asUnreadable(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  return new InputError("ERR_FILE_UNREADABLE", `${path} cannot be read: ${describeError(error)}`, { cause: error });
}
