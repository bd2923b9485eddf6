/** Reads the sizes of media that the platform keeps, which listings leave out. */

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

/** Adds the sizes of their media to inputs. An input whose size cannot be read is replaced by its error. */
export async function withSizes(
  inputs: readonly Input[],
  authorize: Authorize,
  signal: AbortSignal,
): Promise<(Input | InputError)[]> {
  const slots = new Semaphore(maxRequests);
  return Promise.all(inputs.map((input) => slots.run(() => withSize(input, authorize, signal))));
}

async function withSize(input: Input, authorize: Authorize, signal: AbortSignal): Promise<Input | InputError> {
  signal.throwIfAborted();
  const media = mediaOf(input);
  const address = media && "url" in media.content ? (media.content.hostedUrl ?? media.content.url) : undefined;
  if (!media || address === undefined) return input;
  try {
    const storedBytes = await sizeOf(address, authorize, signal);
    return { ...input, [media.kind]: { ...media.content, storedBytes } };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof InputError) return error;
    throw error;
  }
}

function sizeOf(address: string, authorize: Authorize, signal: AbortSignal): Promise<number> {
  return retry<number, "broken">(
    async () => {
      let size: number | undefined;
      const receiver = {
        begin: (head: { totalBytes: number | undefined }) => void (size = head.totalBytes),
        take: () => undefined,
      };
      await receiveMedia(authorize, address, receiver, { method: "HEAD", signal });
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

function asInputError(address: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const options = { cause: error, retryable: true };
  return new InputError("ERR_DOWNLOAD_BROKEN", `the size of ${address} cannot be read`, options);
}
