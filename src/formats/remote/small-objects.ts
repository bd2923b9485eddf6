/** Keeps small remote files between the look at their beginning and the upload, so that each needs one request. */

import type { OpenRange } from "../../core/content/openers.js";
import { readRemote } from "./remote-file.js";

/** Objects of up to this size are read as a whole when their beginning is. */
export const smallBytes = 128 * 1024;
/** Most bytes in memory. */
const maxBytes = 64 * 1024 * 1024;
/** How long an object is kept for its upload while others need the room, in milliseconds. */
const keepMs = 60_000;

interface Kept {
  bytes: Buffer;
  sinceMs: number;
}

const kept = new Map<string, Kept>();
let total = 0;

/** Yields a part of an object: from memory, or with a request. An object in memory is forgotten when it was read as a whole. */
export async function* readKept(uri: string, range: OpenRange): AsyncGenerator<Buffer, void> {
  const { offset, length, version, signal } = range;
  if (version === undefined || offset !== 0) {
    yield* readRemote(uri, range);
    return;
  }
  const key = `${version} ${uri}`;
  const { bytes } = kept.get(key) ?? {};
  if (bytes && length <= bytes.length) {
    signal?.throwIfAborted();
    yield bytes.subarray(0, length);
    if (length === bytes.length) forget(key);
  } else if (length > smallBytes / 2) yield* readRemote(uri, range);
  else yield* readBeginning(uri, key, range);
}

/** Requests more than the beginning, and keeps the object if that is all of it. */
async function* readBeginning(uri: string, key: string, range: OpenRange): AsyncGenerator<Buffer, void> {
  const { length } = range;
  const chunks: Buffer[] = [];
  let sizeBytes: number | undefined;
  let position = 0;
  const whole = readRemote(uri, { ...range, length: smallBytes }, (head) => {
    sizeBytes = head.sizeBytes;
  });
  for await (const chunk of whole) {
    if (position < length) yield chunk.subarray(0, length - position);
    position += chunk.length;
    chunks.push(chunk);
  }
  if (position === sizeBytes) keep(key, Buffer.concat(chunks));
}

function keep(key: string, bytes: Buffer): void {
  const now = performance.now();
  for (const [other, { sinceMs }] of kept) {
    if (total + bytes.length <= maxBytes || now - sinceMs < keepMs) break;
    forget(other);
  }
  if (total + bytes.length > maxBytes || kept.has(key)) return;
  kept.set(key, { bytes, sinceMs: now });
  total += bytes.length;
}

function forget(key: string): void {
  total -= kept.get(key)?.bytes.length ?? 0;
  kept.delete(key);
}
