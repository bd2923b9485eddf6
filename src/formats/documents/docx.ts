/** Reads the text of DOCX. */

import { crc32, inflateRawSync } from "node:zlib";
import type { Entry, ZipFile } from "yauzl";
import { describeError, InputError } from "../../core/errors.js";
import { loadOptional } from "../optional-package.js";
import { type Document, locked, unreadable } from "./document.js";

/** Bytes of all parts, unpacked: a document may be a zip bomb. */
const maxUnpackedBytes = 200_000_000;
const maxParts = 10_000;
/** Container of encrypted documents, and of the format .doc. */
const oldSignature = "d0cf11e0a1b11ae1";

/** @throws {InputError} ERR_PACKAGE_MISSING, ERR_DOCUMENT, ERR_DOCUMENT_LOCKED */
export async function readDocx(path: string, bytes: Buffer): Promise<Document> {
  if (bytes.toString("hex", 0, 8) === oldSignature)
    throw locked(path, "is protected by a password, or is a document of the old format .doc");
  const { default: mammoth } = await loadOptional("documents", "mammoth@1", () => import("mammoth"));
  const properties = await checkParts(path, bytes);
  try {
    const { value } = await mammoth.extractRawText({ buffer: bytes });
    return {
      text: value.trimEnd(),
      title: property(properties, "dc:title"),
      author: property(properties, "dc:creator"),
    };
  } catch (error) {
    throw unreadable(path, `it is not a DOCX: ${describeError(error)}`, error);
  }
}

/** Checks the size of each part before a library unpacks it into memory. Returns the part with the properties of the document. */
async function checkParts(path: string, bytes: Buffer): Promise<string> {
  const { default: yauzl } = await import("yauzl");
  const { fromBufferPromise } = yauzl as unknown as { fromBufferPromise(bytes: Buffer): Promise<ZipFile> };
  let properties = "";
  try {
    const zip = await fromBufferPromise(bytes);
    let [parts, left] = [0, maxUnpackedBytes];
    for await (const entry of zip.eachEntry()) {
      parts += 1;
      if (parts > maxParts) throw unreadable(path, `it has more than ${maxParts} parts`);
      if (entry.isEncrypted()) throw locked(path, "has an encrypted part");
      const part = await unpacked(zip, entry, path, left);
      left -= part.length;
      if (entry.fileName === "docProps/core.xml") properties = part.toString("utf8", 0, 100_000);
    }
    return properties;
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw unreadable(path, `it is not a DOCX, or is damaged: ${describeError(error)}`, error);
  }
}

/** Unpacks a part, up to what is left. The directory of a bomb may lie about the size. */
async function unpacked(zip: ZipFile, entry: Entry, path: string, left: number): Promise<Buffer> {
  const read = zip as unknown as {
    openReadStreamPromise(entry: Entry, options: object): Promise<AsyncIterable<Buffer>>;
  };
  const packed: Buffer[] = [];
  const isDeflated = entry.compressionMethod === 8;
  for await (const chunk of await read.openReadStreamPromise(entry, isDeflated ? { decompress: false } : {}))
    packed.push(chunk);
  const whole = Buffer.concat(packed);
  if (!isDeflated && whole.length <= left) return whole;
  try {
    if (!isDeflated) throw new RangeError("too large");
    const part = inflateRawSync(whole, { maxOutputLength: Math.max(1, left) });
    if (crc32(part) !== entry.crc32) throw unreadable(path, `the checksum of its part ${entry.fileName} is wrong`);
    return part;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw unreadable(path, `it has more than ${maxUnpackedBytes} bytes when it is unpacked`, error);
  }
}

function property(xml: string, name: string): string | undefined {
  const source = new RegExp(`<${name}\\b[^>]*>([^<]{0,2000})</${name}>`).exec(xml)?.[1];
  const named: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return source?.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => named[entity] ?? "");
}
