/** Reads a large video once before it is sent, for its checksums and its content hash. */

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { InputError } from "../../core/errors.js";
import { nameOfContent, sizeOfContent } from "../../core/input/content.js";
import type { ReadableContent } from "../../core/input/input.js";
import { type ContentHasher, contentHashText } from "../wire/content-hash.js";
import { contentSource } from "./part-source.js";

export interface VideoFacts {
  sizeBytes: number;
  crc32: number;
  sha256: string;
  /** As an upload writes it into the metadata. */
  contentHash: string;
}

/** @throws {InputError} ERR_FILE_UNREADABLE, ERR_FILE_CHANGED, and what `openUri` throws */
export async function videoFacts(
  content: ReadableContent,
  hasher: ContentHasher,
  signal: AbortSignal,
): Promise<VideoFacts> {
  const sizeBytes = sizeOfContent(content);
  const sha256 = createHash("sha256");
  const hash = hasher.create64();
  let checksum = 0;
  let found = 0;
  for await (const chunk of contentSource(content).read(0, sizeBytes)) {
    signal.throwIfAborted();
    found += chunk.length;
    checksum = crc32(chunk, checksum);
    sha256.update(chunk);
    hash.update(chunk);
  }
  if (found !== sizeBytes)
    throw new InputError(
      "ERR_FILE_CHANGED",
      `${nameOfContent(content)} changed: it had ${sizeBytes} bytes, now ${found}`,
    );
  return { sizeBytes, crc32: checksum, sha256: sha256.digest("hex"), contentHash: contentHashText(hash.digest()) };
}
