/** Fetching: streams a URL into a file, hashed as it comes, and goes on where it broke. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { type App, appOfMedia } from "../../client/app.js";
import { openMedia } from "../../client/media.js";
import { systemClock } from "../../client/pacing/clock.js";
import { withDeadline } from "../../core/deadline.js";
import { describeError, FlowError, InputError } from "../../core/errors.js";
import { checkUrl } from "../../core/guarded-fetch.js";
import { openPlainFile } from "./plain-file.js";

export interface Fetched {
  sizeBytes: number;
  sha256: string;
}

export interface FetchOptions {
  app?: App | undefined;
  signal: AbortSignal;
  maxAttempts: number;
  maxBytes: number;
  timeoutMs: number;
  /** Longest time for all tries together, in milliseconds. */
  deadlineMs: number;
  allowPrivate: boolean;
}

/**
 * Fetches an address into `path`. Bytes that are there from an earlier try are kept, and the rest is asked for, when the server can do that.
 *
 * @throws {InputError} ERR_DOWNLOAD_TOO_LARGE, ERR_DOWNLOAD_BROKEN, ERR_DOWNLOAD_DEADLINE, ERR_DOWNLOAD_PATH, and what `openMedia` throws
 */
export async function fetchToFile(address: string, path: string, options: FetchOptions): Promise<Fetched> {
  checkUrl(address);
  const { deadlineMs, signal } = options;
  const late = () =>
    new InputError("ERR_DOWNLOAD_DEADLINE", `${address} was not read to its end within ${deadlineMs} ms`);
  const file = await openPlainFile(path);
  try {
    await withDeadline({ deadlineMs, signal, late }, (cut) => fetchAll(address, file, { ...options, signal: cut }));
    return { sizeBytes: (await file.stat()).size, sha256: await sha256Of(path) };
  } finally {
    await file.close();
  }
}

/** Writes bytes that are in memory. */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<Fetched> {
  const file = await openPlainFile(path);
  try {
    await file.truncate(0);
    await file.writeFile(bytes);
  } finally {
    await file.close();
  }
  return { sizeBytes: bytes.byteLength, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Tries until the server has sent everything. */
async function fetchAll(address: string, file: FileHandle, options: FetchOptions): Promise<void> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await fetchRest(address, file, options);
    } catch (error) {
      options.signal.throwIfAborted();
      const final = error instanceof FlowError && !error.retryable;
      if (final || attempts >= options.maxAttempts) throw asBroken(address, error);
      await systemClock.sleep(200 * 2 ** attempts * (0.5 + Math.random() / 2), options.signal);
    }
  }
}

async function fetchRest(address: string, file: FileHandle, options: FetchOptions): Promise<void> {
  const { signal, timeoutMs, maxBytes, allowPrivate } = options;
  const app = options.app ?? appOfMedia(checkUrl(address));
  const there = (await file.stat()).size;
  const stream = await openMedia(app, address, { signal, start: there, timeoutMs, allowPrivate }).catch(
    (error: unknown) => {
      // Nothing is left to ask for, or what is there is not the start of what the server has.
      if (there > 0 && error instanceof FlowError && error.code === "ERR_HTTP_416") return undefined;
      throw error;
    },
  );
  if (!stream) {
    await file.truncate(0);
    throw new InputError("ERR_DOWNLOAD_BROKEN", "the server does not go on where it stopped", { retryable: true });
  }
  if (stream.start === 0 && there > 0) await file.truncate(0);
  let bytes = stream.start;
  for await (const chunk of stream.body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      stream.body.destroy();
      throw new InputError("ERR_DOWNLOAD_TOO_LARGE", `${address} has more than ${maxBytes} bytes`);
    }
    await file.appendFile(chunk);
  }
  if (stream.totalBytes !== undefined && bytes !== stream.totalBytes) {
    const text = `${address} sent ${bytes} of ${stream.totalBytes} bytes`;
    throw new InputError("ERR_DOWNLOAD_BROKEN", text, { retryable: true });
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

function asBroken(address: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  return new InputError("ERR_DOWNLOAD_BROKEN", `${address}: ${describeError(error)}`, { cause: error });
}
