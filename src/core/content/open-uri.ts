/** Opens the content of a URI, and continues where it stopped after a fault that may pass. */

import { codeOf, describeError, FlowError, InputError } from "../errors.js";
import { again, fail, ok, retry, type Verdict } from "../net/retry.js";
import { formatValue } from "../util/format/format-value.js";
import { type Opener, openerOf } from "./openers.js";

/** A content that an opener reads. */
export interface AtUri {
  uri: string;
  sizeBytes: number;
  version?: string | undefined;
}

/** Which bytes are read. Default: all. */
export interface UriRange {
  offset?: number;
  length?: number;
  signal?: AbortSignal | undefined;
}

/** Most attempts in a row that bring no byte. With the waits between them, they take up to 8 seconds. */
const maxAttempts = 6;

/**
 * Reads bytes of a URI, as often as called. After an error with `retryable: true`, waits and opens the rest.
 *
 * @throws {InputError} ERR_OPENER_UNKNOWN, ERR_CONTENT_UNREADABLE or the code of the opener's error, ERR_FILE_CHANGED if the content is shorter or longer
 */
export async function* openUri(content: AtUri, range: UriRange = {}): AsyncGenerator<Buffer, void> {
  const { uri, sizeBytes, version } = content;
  const { offset = 0, signal } = range;
  const length = Math.min(range.length ?? sizeBytes, sizeBytes - offset);
  const opener = openerOf(uri);
  let chunks: AsyncIterator<Uint8Array> | undefined;
  let total = 0;
  const open = async () => {
    const rest = { offset: offset + total, length: length - total, version, signal };
    return (await opener.open(uri, rest))[Symbol.asyncIterator]();
  };
  const next = async (): Promise<Verdict<IteratorResult<Uint8Array>, never>> => {
    if (!chunks && total === length) return ok({ done: true, value: undefined });
    chunks ??= await open();
    return ok(await chunks.next());
  };
  const verdictOf = async (cause: unknown): Promise<Verdict<IteratorResult<Uint8Array>, "failed">> => {
    await close(chunks);
    chunks = undefined;
    const error = asInputError(cause, opener, uri);
    return error.retryable ? again("failed", error) : fail(error);
  };
  try {
    // Until the opener ends: it may compare a checksum after its last byte.
    for (;;) {
      const step = await retry<IteratorResult<Uint8Array>, "failed">(next, {
        rules: { failed: { maxAttempts } },
        signal,
        verdictOf,
      });
      if (step.done) break;
      const bytes = asBuffer(step.value, opener);
      total += bytes.length;
      if (total > length)
        throw changed(uri, `the opener ${opener.name} returned more than the ${length} bytes asked for`);
      if (bytes.length > 0) yield bytes;
    }
    if (total < length) throw changed(uri, `it ended after ${offset + total} of ${sizeBytes} bytes`);
  } finally {
    await close(chunks);
  }
}

async function close(chunks: AsyncIterator<Uint8Array> | undefined): Promise<void> {
  await chunks?.return?.().catch(() => undefined); // the bytes are complete, or the first error counts
}

function asBuffer(chunk: unknown, { name }: Opener): Buffer {
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw new InputError(
    "ERR_CONTENT_UNREADABLE",
    `${name}: open must yield bytes (Uint8Array), got ${formatValue(chunk)}`,
  );
}

function asInputError(error: unknown, { name }: Opener, uri: string): FlowError {
  if (error instanceof FlowError) return error;
  const retryable = (error as { retryable?: unknown } | null | undefined)?.retryable === true;
  const text = `${name}: ${uri} cannot be read: ${describeError(error)}`;
  return new InputError(codeOf(error, "ERR_CONTENT_UNREADABLE"), text, { retryable, cause: error });
}

function changed(uri: string, fact: string): InputError {
  return new InputError("ERR_FILE_CHANGED", `${uri} changed: ${fact}`);
}
