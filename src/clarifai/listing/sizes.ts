/** Reads the sizes of contents that the platform keeps, which listings leave out. */

import type { Authorize } from "../../core/accounting/clients.js";
import { FlowError, InputError } from "../../core/errors.js";
import { type Input, mediaOf } from "../../core/input/input.js";
import { again, fail, ok, retry } from "../../core/net/retry.js";
import { Semaphore } from "../../core/util/semaphore.js";
import { receiveMedia } from "../client/media.js";

/** Maximum number of requests at once. */
const maxRequests = 8;
/** Maximum number of requests for one size. */
const maxAttempts = 4;
/** Servers that answer these to a request for the head may still answer to one for the content. */
const noHead = new Set(["ERR_HTTP_403", "ERR_HTTP_405", "ERR_HTTP_501"]);

/** Reads the sizes of the contents of inputs, in their order; undefined for an input without content, and its error for a size that cannot be read. */
export async function sizesOf(
  inputs: readonly Input[],
  authorize: Authorize,
  signal: AbortSignal,
): Promise<(number | InputError | undefined)[]> {
  const slots = new Semaphore(maxRequests);
  const sizeOrError = (input: Input) =>
    sizeOf(input, authorize, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof InputError) return error;
      throw error;
    });
  return Promise.all(inputs.map((input) => slots.run(() => sizeOrError(input))));
}

/**
 * Returns the size of a listed input's content in bytes. That of a text in the listing is known; that of a file is requested from its server. Undefined for an
 * input without content.
 *
 * @throws {InputError} ERR_FILTER if the server does not say it, and the errors of `receiveMedia`
 */
export async function sizeOf(input: Input, authorize: Authorize, signal: AbortSignal): Promise<number | undefined> {
  signal.throwIfAborted();
  const content = mediaOf(input)?.content;
  const address = content ? ("url" in content ? (content.hostedUrl ?? content.url) : undefined) : input.textUrl;
  if (address !== undefined) return requestedSize(address, authorize, signal);
  return input.text === undefined ? undefined : Buffer.byteLength(input.text);
}

function requestedSize(address: string, authorize: Authorize, signal: AbortSignal): Promise<number> {
  return retry<number, "broken">(
    async () => {
      const size = await namedSize(address, authorize, signal);
      if (size !== undefined) return ok(size);
      throw new InputError("ERR_FILTER", `${address} has no known size: its server names no content-length`);
    },
    {
      rules: { broken: { maxAttempts } },
      signal,
      verdictOf: (error) =>
        error instanceof FlowError && !error.retryable ? fail(error) : again("broken", asInputError(address, error)),
    },
  );
}

/** Requests the head of an answer; if the server refuses that, the answer, which ends after its head. */
async function namedSize(address: string, authorize: Authorize, signal: AbortSignal): Promise<number | undefined> {
  let size: number | undefined;
  const hasHead = new Error("the head is enough");
  const request = (method: "HEAD" | "GET") => {
    const begin = ({ totalBytes }: { totalBytes: number | undefined }) => {
      size = totalBytes;
      if (method === "GET") throw hasHead;
    };
    return receiveMedia(authorize, address, { begin, take: () => undefined }, { method, signal });
  };
  try {
    await request("HEAD");
  } catch (error) {
    if (!(error instanceof FlowError) || !noHead.has(error.code)) throw error;
    await request("GET").catch((cause: unknown) => {
      if (size === undefined && cause !== hasHead) throw cause;
    });
  }
  return size;
}

function asInputError(address: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const options = { cause: error, retryable: true };
  return new InputError("ERR_DOWNLOAD_BROKEN", `the size of ${address} cannot be read`, options);
}
