/** Content encodings: decompresses the body of an answer. */

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

/** Names of real encodings. */
const known = /^(x-)?(gzip|deflate|br|zstd|compress|dcb|dcz|exi|pack200-gzip|sdch|lzma|bzip2?|xz|lz4)$/;

/** Returns the encodings of an answer in the order in which the server applied them, without the names for plain bytes. */
export function encodingsOf(headers: IncomingHttpHeaders): string[] {
  return String(headers["content-encoding"] ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => !plain.test(name));
}

export interface DecodeOptions {
  /** The address, for error texts. */
  name: string;
  /** The result has to have fewer bytes. */
  limit: number;
  /** Whether bytes are media, and therefore not compressed. */
  isMedia(bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/**
 * Removes the encodings of an answer. If the bytes are media already, they were not compressed, whatever the header says.
 *
 * @throws {InputError} ERR_CONTENT_ENCODING for an unsupported encoding, and for bytes that do not match the header; ERR_ITEM_TOO_LARGE
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
        throw new InputError("ERR_ITEM_TOO_LARGE", `${name} has ${limit} bytes or more after decompression`);
      }
      const text = `${name} answers with content-encoding ${encoding}, but its bytes are not ${encoding} (${String(error)})`;
      throw new InputError("ERR_CONTENT_ENCODING", text, { cause: error });
    }
  }
  return result;
}

/** Decompresses deflate with its header, as the standard has it, or without, as some servers send it. */
async function inflate(bytes: Uint8Array, options: { maxOutputLength: number }): Promise<Buffer> {
  const hasHeader = ((bytes[0] ?? 0) & 0x0f) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0;
  return promisify(hasHeader ? zlib.inflate : zlib.inflateRaw)(bytes, options);
}

function zstdDecoder(): Decode | undefined {
  const { zstdDecompress } = zlib as { zstdDecompress?: typeof zlib.gunzip };
  return zstdDecompress && promisify(zstdDecompress);
}
