/** Reads the beginning of a content that an app stores: its size, its version, and all bytes of a small one. */

import type { Authorize } from "../../core/accounting/clients.js";
import { FlowError, InputError } from "../../core/errors.js";
import type { MediaHead } from "../../core/net/media-head.js";
import { again, fail, ok, retry } from "../../core/net/retry.js";
import { mediaChunks } from "./media-chunks.js";

/** Content up to this size is read with one request and kept in memory; most photos are larger, most sounds and texts are not. */
const partBytes = 256 * 1024;
/** Longest time of the retries while a server does not send the content, in milliseconds. */
const retryForMs = 60_000;

export interface FirstPart {
  /** The first bytes; all of them if there are `sizeBytes`. */
  bytes: Buffer;
  /** Size of the whole content. */
  sizeBytes: number;
  /** Entity tag of the content, if the server names one. */
  etag: string | undefined;
  /** SHA-256 of the whole content in hex, if the server names it. */
  sha256: string | undefined;
}

/**
 * Reads the first bytes of a content, and more of a content whose size the server does not name: that is counted to its end. Retries for a minute after answers
 * that may pass.
 *
 * @throws {InputError} what `receiveMedia` throws, such as ERR_HTTP_404; ERR_DOWNLOAD_EMPTY
 */
export async function readFirstPart(
  authorize: Authorize,
  address: string,
  { length = partBytes, signal }: { length?: number; signal: AbortSignal },
): Promise<FirstPart> {
  return retry<FirstPart, "failed">(async () => ok(await readOnce(authorize, address, length, signal)), {
    rules: { failed: { retryForMs } },
    signal,
    verdictOf: (error) =>
      error instanceof FlowError && error.retryable ? again("failed", error) : fail(error as Error),
  });
}

async function readOnce(
  authorize: Authorize,
  address: string,
  length: number,
  signal: AbortSignal,
): Promise<FirstPart> {
  let head: MediaHead | undefined;
  let total = 0;
  const kept: Buffer[] = [];
  const begin = (answer: MediaHead) => {
    head = answer;
  };
  for await (const chunk of mediaChunks(authorize, address, { begin, length, signal })) {
    if (total < length) kept.push(chunk.subarray(0, length - total));
    total += chunk.length;
    if (total > length && head?.totalBytes !== undefined) break; // the server sends more than the part
  }
  const bytes = Buffer.concat(kept);
  const sizeBytes = head?.totalBytes ?? total;
  if (sizeBytes === 0) throw new InputError("ERR_DOWNLOAD_EMPTY", `${address} has no bytes`);
  if (bytes.length < Math.min(length, sizeBytes)) {
    const text = `${address} sent ${bytes.length} of ${Math.min(length, sizeBytes)} bytes`;
    throw new InputError("ERR_DOWNLOAD_BROKEN", text, { retryable: true });
  }
  return { bytes, sizeBytes, etag: head?.etag, sha256: head?.sha256 };
}
