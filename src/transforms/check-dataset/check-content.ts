/** Checks the content of one input: the limits of the platform, its end, and its pixels if asked for. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { checkContent as checkPresence } from "../../clarifai/check-limits.js";
import { measureInput } from "../../clarifai/wire/upload-wire.js";
import { openUri } from "../../core/content/open-uri.js";
import { InputError } from "../../core/errors.js";
import { asUnreadable, nameOfContent, pathOrBytes, sizeOfContent } from "../../core/input/content.js";
import { decodeErrorText, pixelBudget } from "../../core/input/decoding.js";
import { type Input, mediaOf, type ReadableContent } from "../../core/input/input.js";
import { isCompleteTiff, truncationOf } from "../../formats/media/truncated-media.js";
import { checkOfError } from "./check-of-error.js";
import { findingOf, type InputFinding } from "./findings.js";

/** Bytes at the end of a file that show whether it is complete. */
const tailBytes = 64;
const endOfJpeg = Buffer.from([0xff, 0xd9]);
const endOfGif = 0x3b;

/** An image with more megapixels is not decoded. */
const maxDecodedMegapixels = 268;

const decodedTypes = /^image\/(?:jpeg|png|apng|webp|gif|tiff)$/;

/** Checks id, size, format and location against the limits of the platform, as an upload does. Regions have checks of their own. */
export function checkPlatform(input: Input): InputFinding | undefined {
  try {
    checkPresence(input);
    measureInput(input.annotations.length === 0 ? input : { ...input, annotations: [] });
    return undefined;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return findingOf(checkOfError(error.code, error.message), error);
  }
}

/**
 * Checks that the file of an input is complete: by its end or its lengths, and by decoding an image whose end leaves doubts. `decode` decodes all images, which
 * also finds damage in the middle.
 */
export async function checkFile(input: Input, decode: boolean, signal: AbortSignal): Promise<InputFinding | undefined> {
  const media = mediaOf(input);
  if (!media || "url" in media.content) return undefined;
  const { content } = media;
  try {
    const isDecoded = media.kind === "image" && decodedTypes.test(content.mimeType ?? "");
    if (isDecoded && (decode || !(await isComplete(content, signal)))) await checkPixels(content, decode);
    const truncation =
      "path" in content && content.offset === undefined ? truncationOf(content.path, content.mimeType) : undefined;
    if (truncation === undefined) return undefined;
    return { check: "broken-file", reason: `${nameOfContent(content)} is truncated: ${truncation}` };
  } catch (error) {
    signal.throwIfAborted();
    return findingOf("broken-file", asUnreadable(nameOfContent(content), error));
  }
}

/** Whether the end of an image, or the length in its header, shows that it is complete. */
async function isComplete(content: ReadableContent, signal: AbortSignal): Promise<boolean> {
  const { mimeType } = content;
  const size = sizeOfContent(content);
  if (mimeType === "image/tiff") return isTiffComplete(content);
  if (mimeType === "image/webp") return (await partOf(content, 0, 8, signal)).readUInt32LE(4) + 8 <= size;
  const length = Math.min(tailBytes, size);
  const tail = await partOf(content, size - length, length, signal);
  if (mimeType === "image/jpeg") return tail.subarray(-2).equals(endOfJpeg);
  if (mimeType === "image/gif") return tail.at(-1) === endOfGif;
  return tail.toString("latin1", tail.length - 8, tail.length - 4) === "IEND";
}

function isTiffComplete(content: ReadableContent): boolean {
  if (!("path" in content) || content.offset !== undefined) return false;
  const file = openSync(content.path, "r");
  try {
    return isCompleteTiff(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

async function partOf(content: ReadableContent, offset: number, length: number, signal: AbortSignal): Promise<Buffer> {
  if ("bytes" in content) return Buffer.from(content.bytes.subarray(offset, offset + length));
  if ("uri" in content) {
    const chunks: Buffer[] = [];
    for await (const chunk of openUri(content, { offset, length, signal })) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
  const file = openSync(content.path, "r");
  try {
    const part = Buffer.alloc(length);
    return part.subarray(0, readSync(file, part, 0, length, (content.offset ?? 0) + offset));
  } finally {
    closeSync(file);
  }
}

/** Decodes an image. @throws {InputError} ERR_IMAGE_UNDECODABLE */
async function checkPixels(content: ReadableContent, isStrict: boolean): Promise<void> {
  const megapixels = Math.ceil(((content.width ?? 1) * (content.height ?? 1)) / 1_000_000);
  if (megapixels > maxDecodedMegapixels) return; // its size is a finding
  const source = await pathOrBytes(content);
  const { default: sharp } = await import("sharp");
  const options = {
    failOn: isStrict ? "warning" : "truncated",
    sequentialRead: true,
    limitInputPixels: false,
  } as const;
  try {
    // A small result needs all rows, and the decoder of JPEG computes fewer pixels for it.
    const decode = () => sharp(source, options).resize(16, 16, { fit: "fill" }).raw().toBuffer();
    await pixelBudget.run(decode, Math.min(megapixels, 200));
  } catch (error) {
    const text = `${nameOfContent(content)} cannot be decoded: ${decodeErrorText(error, content.mimeType)}`;
    throw new InputError("ERR_IMAGE_UNDECODABLE", text, { cause: error });
  }
}
