/** Content encodings: the bytes of an answer as they were before a server compressed them. */

import type { IncomingHttpHeaders } from "node:http";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { InputError } from "../errors.js";

/** Names that servers send for plain bytes. */
const plain =
  /^(identity|none|null|undefined|binary|raw|plain|aws-chunked|amz-1\.0|7bit|8bit|utf-?8|utf-?16(le|be)?|(us-)?ascii|iso-8859-\d+|latin-?1|windows-\d+|charset=.*|.*\/.*|)$/;

type Decode = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

const decoders: Record<string, Decode | undefined> = {
  gzip: promisify(zlib.gunzip),
  "x-gzip": promisify(zlib.gunzip),
  deflate: inflate,
  br: promisify(zlib.brotliDecompress),
  // From Node.js 22.15 on.
  zstd: zstdDecoder(),
};

/** Names of encodings; the rest are inventions. */
const known = /^(x-)?(gzip|deflate|br|zstd|compress|dcb|dcz|exi|pack200-gzip|sdch|lzma|bzip2?|xz|lz4)$/;

/** The encodings of an answer in the order in which they were applied, without those that mean plain bytes. */
export function encodingsOf(headers: IncomingHttpHeaders): string[] {
  return String(headers["content-encoding"] ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => !plain.test(name));
}

export interface DecodeOptions {
  /** The address, for people. */
  name: string;
  /** The result has fewer bytes. */
  limit: number;
  /** Whether bytes are media by themselves, which no compressed bytes are. */
  isMedia(bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/**
 * Undoes the encodings of an answer. Bytes that are media as they are were not compressed, whatever the header says.
 *
 * @throws {InputError} ERR_CONTENT_ENCODING for an encoding that is not supported here, and for bytes that are not what the header says;
 * ERR_ITEM_TOO_LARGE
 */
export async function decoded(
  bytes: Uint8Array<ArrayBuffer>,
  encodings: readonly string[],
  { name, limit, isMedia }: DecodeOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  let result = bytes;
  for (const encoding of [...encodings].reverse()) {
    if (await isMedia(result)) return result;
    const decode = decoders[encoding];
    if (!decode) {
      const what = known.test(encoding) ? "which is not supported" : "which is not an encoding";
      throw new InputError("ERR_CONTENT_ENCODING", `${name} answers with content-encoding ${encoding}, ${what}`);
    }
    try {
      const { buffer, byteOffset, byteLength } = await decode(result, { maxOutputLength: limit });
      result = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
    } catch (error) {
      if (error instanceof RangeError) {
        throw new InputError("ERR_ITEM_TOO_LARGE", `${name} has ${limit} bytes or more when it is unpacked`);
      }
      const text = `${name} answers with content-encoding ${encoding}, and its bytes are not that (${String(error)})`;
      throw new InputError("ERR_CONTENT_ENCODING", text, { cause: error });
    }
  }
  return result;
}

/** Deflate with its header, as it should be, or without, as some servers send it. */
async function inflate(bytes: Uint8Array, options: { maxOutputLength: number }): Promise<Buffer> {
  const hasHeader = ((bytes[0] ?? 0) & 0x0f) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0;
  return promisify(hasHeader ? zlib.inflate : zlib.inflateRaw)(bytes, options);
}

function zstdDecoder(): Decode | undefined {
  const { zstdDecompress } = zlib as { zstdDecompress?: typeof zlib.gunzip };
  return zstdDecompress && promisify(zstdDecompress);
}
