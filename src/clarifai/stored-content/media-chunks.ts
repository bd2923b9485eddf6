/** Reads the bytes behind a URL as a stream that is pulled. */

import type { Authorize } from "../../core/accounting/clients.js";
import { describeError, FlowError, InputError } from "../../core/errors.js";
import type { MediaHead } from "../../core/net/media-head.js";
import { linkAborts } from "../../core/util/link-aborts.js";
import { type MediaOptions, receiveMedia } from "../client/media.js";

export interface MediaChunksOptions extends MediaOptions {
  /** Called with the head of the answer, before the first bytes; what it throws ends the stream. */
  begin(head: MediaHead): void;
}

/**
 * Yields the bytes of a URL as the server sends them. The server is read no faster than the stream is pulled, and not at all after the stream is closed.
 *
 * @throws {InputError} what `receiveMedia` throws; ERR_DOWNLOAD_BROKEN, which is retryable, if the connection breaks
 */
export async function* mediaChunks(
  authorize: Authorize,
  address: string,
  { begin, signal, ...options }: MediaChunksOptions,
): AsyncGenerator<Buffer, void> {
  const { controller, unlink } = linkAborts(signal);
  const chunks: Buffer[] = [];
  let end: { error?: unknown } | undefined;
  let wake: (() => void) | undefined;
  let resume: (() => void) | undefined;
  const receiver = {
    begin,
    take(bytes: Buffer) {
      if (bytes.length === 0) return undefined; // after a pause, the parser passes on an empty chunk
      chunks.push(bytes);
      wake?.();
      return new Promise<void>((resolve) => (resume = resolve));
    },
  };
  const received = receiveMedia(authorize, address, receiver, { ...options, signal: controller.signal }).then(
    () => (end = {}),
    (error: unknown) => (end = { error }),
  );
  void received.then(() => wake?.());
  try {
    for (;;) {
      const chunk = chunks.shift();
      if (chunk) {
        yield chunk;
        if (chunks.length === 0) resume?.();
      } else if (end) {
        if ("error" in end) throw asBroken(address, end.error, signal);
        return;
      } else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    controller.abort(new Error("the reader ended"));
    unlink();
  }
}

function asBroken(address: string, error: unknown, signal: AbortSignal | undefined): unknown {
  if (error instanceof FlowError || signal?.aborted) return error;
  return new InputError("ERR_DOWNLOAD_BROKEN", `${address}: ${describeError(error)}`, {
    cause: error,
    retryable: true,
  });
}
