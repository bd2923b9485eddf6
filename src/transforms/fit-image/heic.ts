/** HEIC: decodes pictures of phones with an optional decoder, since the usual build of sharp has none for HEVC. */

import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { crc32, deflateSync } from "node:zlib";
import { describeError } from "../../core/errors.js";
import { readContent } from "../../core/input/content.js";
import type { ReadableContent } from "../../core/input/input.js";
import { rangeOf } from "../../formats/exif/byte-range.js";
import { TiffReader } from "../../formats/exif/tiff-reader.js";
import { loadOptional } from "../../formats/optional-package.js";
import { notDecoded, type SourceImage } from "./source-image.js";

/** Pixels as the decoder returns them: red, green, blue and alpha, upright. */
interface Pixels {
  width: number;
  height: number;
  data: ArrayBuffer;
}

const prefix = "Exif\0\0";
const orientationTag = 0x0112;
/** Bytes of the signature and the first chunk of a PNG. */
const afterHeader = 33;

/** The worker: decoding takes seconds of computing, in which this thread would do nothing else. Its memory is freed when it ends. */
const workerCode = `
const { parentPort, workerData } = require("node:worker_threads");
require(workerData.decoder).all({ buffer: workerData.bytes }).then((images) => images[workerData.index].decode()).then(({ width, height, data }) => {
  parentPort.postMessage({ width, height, data: data.buffer }, [data.buffer]);
});`;

let sharpDecodes: Promise<boolean> | undefined;

/** Whether an image is HEIC that sharp cannot decode. Tries it once in a process, with the first HEIC. */
export async function needsHeicDecoder({ header, open }: SourceImage): Promise<boolean> {
  if (header.format !== "heif" || header.compression !== "hevc") return false;
  sharpDecodes ??= open()
    .raw()
    .toBuffer()
    .then(
      () => true,
      () => false,
    );
  return !(await sharpDecodes);
}

/**
 * Decodes a HEIC, and returns it as an image that sharp reads, with its colour profile and its EXIF. The decoder applies the turn that the container names, so
 * the orientation in the EXIF becomes 1.
 *
 * @throws {InputError} ERR_PACKAGE_MISSING, ERR_IMAGE_UNDECODABLE
 */
export async function decodedHeic(image: SourceImage, content: ReadableContent): Promise<SourceImage> {
  const require = createRequire(import.meta.url);
  const decoder = await loadOptional("fitImage", "heic-decode@2", async () => require.resolve("heic-decode"));
  const { width, height, data } = await decodeInWorker({
    decoder,
    bytes: await readContent(content),
    index: image.header.pagePrimary ?? 0,
  });
  const { default: sharp } = await import("sharp");
  const pixels = sharp(Buffer.from(data), { raw: { width, height, channels: 4 }, limitInputPixels: false });
  const png = await (image.header.hasAlpha ? pixels : pixels.removeAlpha()).png({ compressionLevel: 1 }).toBuffer();
  const source = withChunks(png, image.header);
  const header = await sharp(source, { limitInputPixels: false }).metadata();
  const open: SourceImage["open"] = (options = {}) => sharp(source, { limitInputPixels: false, ...options });
  return { ...image, open, header, width, height, orientation: 1 };
}

function decodeInWorker(workerData: { decoder: string; bytes: Buffer; index: number }): Promise<Pixels> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerCode, { eval: true, workerData, execArgv: [], stdout: true });
    const failed = (error: unknown) => reject(notDecoded(`heic-decode: ${describeError(error)}`, error));
    worker.once("message", resolve);
    worker.once("error", failed);
    worker.once("exit", (code) => failed(new Error(`the decoder ended with code ${code}`)));
  });
}

/** Adds the colour profile and the EXIF to a PNG. */
function withChunks(png: Buffer, { icc, exif }: SourceImage["header"]): Buffer {
  const chunks: Buffer[] = [];
  if (icc) chunks.push(chunk("iCCP", Buffer.concat([Buffer.from("icc\0\0", "latin1"), deflateSync(icc)])));
  const upright = exif && uprightExif(exif);
  if (upright) chunks.push(chunk("eXIf", upright));
  return Buffer.concat([png.subarray(0, afterHeader), ...chunks, png.subarray(afterHeader)]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** Returns the EXIF block with the orientation 1; undefined for a damaged block. */
function uprightExif(exif: Buffer): Buffer | undefined {
  const hasPrefix = exif.toString("latin1", 0, prefix.length) === prefix;
  const block = Buffer.from(hasPrefix ? exif.subarray(prefix.length) : exif);
  try {
    const reader = TiffReader.open(rangeOf(block));
    const entry = reader.directory(reader.first).get(orientationTag);
    if (entry === undefined) return block;
    if (reader.isLittle) block.writeUInt16LE(1, entry + 8);
    else block.writeUInt16BE(1, entry + 8);
    return block;
  } catch {
    return undefined;
  }
}
