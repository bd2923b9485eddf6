/** Sends the parts of an upload, several at once; each is retried on its own. */

import { InputError } from "../../core/errors.js";
import { systemClock } from "../../core/net/clock.js";
import type { App } from "../client/app.js";
import type { PartUpload } from "../client/app-types.js";
import { statusText } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";
import { type Part, partBody, partsOf } from "./part-body.js";
import type { PartSource } from "./part-source.js";

export interface SendPartsOptions {
  signal: AbortSignal;
  /** Called after each part with the bytes that the server has. */
  onSent?: ((bytes: number) => void) | undefined;
}

/** Parts that are sent at once. */
const concurrency = 3;
/** Lookups of an upload whose parts are all sent, before it counts as failed, and the wait between them. */
const maxLookups = 10;
const lookupDelayMs = 500;

/**
 * Sends all parts. A part that the server refuses ends the upload; a lost answer does not, because sending a part again changes nothing.
 *
 * @throws {ApiError} if a part is refused for good
 * @throws {InputError} ERR_UPLOAD_INCOMPLETE, ERR_FILE_UNREADABLE, ERR_FILE_CHANGED
 */
export async function sendParts(
  app: App,
  uploadId: string,
  source: PartSource,
  { signal, onSent }: SendPartsOptions,
): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const waiting = partsOf(source.sizeBytes);
  let sentBytes = 0;
  let last: PartUpload | undefined;
  const sendNext = async () => {
    for (let part = waiting.shift(); part; part = waiting.shift()) {
      both.throwIfAborted();
      const upload = await app.putContentParts(uploadId, partBody(source, part), both);
      sentBytes += sizeOf(part);
      if (waiting.length === 0 || isDone(upload)) last = upload;
      onSent?.(sentBytes);
    }
  };
  const senders = Array.from({ length: Math.min(concurrency, waiting.length) }, sendNext);
  try {
    await Promise.all(senders);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(senders);
    signal.throwIfAborted();
    throw error;
  }
  if (!last || !isDone(last)) await untilDone(app, uploadId, signal);
}

/** Waits until the server says that an upload is complete. */
async function untilDone(app: App, uploadId: string, signal: AbortSignal): Promise<void> {
  let upload: PartUpload | undefined;
  for (let lookups = 1; lookups <= maxLookups; lookups += 1) {
    upload = await app.getUpload(uploadId, signal);
    if (isDone(upload)) return;
    if (upload.status?.code !== statusCodes.UPLOAD_IN_PROGRESS) break;
    await systemClock.sleep(lookupDelayMs, signal);
  }
  const status = upload?.status;
  const found = status ? `${statusText(status)} (${status.code})` : "without a status";
  const text = `all parts of the upload ${uploadId} were sent, and the server calls it ${found}; run it again`;
  throw new InputError("ERR_UPLOAD_INCOMPLETE", text, { retryable: true });
}

function isDone({ status }: PartUpload): boolean {
  return status?.code === statusCodes.UPLOAD_DONE;
}

function sizeOf({ start, end }: Part): number {
  return end - start;
}
