/** Finds a remote file: its size, its version, its first bytes, and whether the server sends parts. */

import { FlowError, InputError } from "../../core/errors.js";
import { again, fail, ok, retry, type Verdict } from "../../core/net/retry.js";
import { S3Refusal } from "../s3/s3-error.js";
import { blocksOf } from "./blocks.js";
import { asFetchError } from "./http-file.js";
import type { RemoteFile } from "./range.js";
import { nameOfRemote, openRemote } from "./remote-file.js";

const startBytes = 512;
const maxAttempts = 6;

/** Requests the beginning of a file. Readers of this process that come later expect the version that it finds. @throws {InputError} what `openRemote` throws */
export async function findRemote(uri: string, signal: AbortSignal): Promise<{ file: RemoteFile; start: Buffer }> {
  const attempt = async (): Promise<Verdict<{ file: RemoteFile; start: Buffer }, "failed">> => {
    const { body, sizeBytes, version, hasRanges } = await openRemote(uri, { offset: 0, length: startBytes, signal });
    const start = Buffer.alloc(startBytes);
    let filled = 0;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        filled += chunk.copy(start, filled);
        if (filled === startBytes) break;
      }
    } finally {
      body.on("error", () => undefined).destroy();
    }
    return ok({ file: { uri, sizeBytes, version, hasRanges }, start });
  };
  const empty = () => new InputError("ERR_FILE_EMPTY", `${nameOfRemote(uri)} is empty`);
  const verdictOf = (error: unknown): Verdict<never, "failed"> => {
    if (error instanceof S3Refusal && error.statusCode === 416) return fail(empty());
    const known = error instanceof FlowError ? error : asFetchError(uri, error);
    return known.retryable ? again("failed", known) : fail(known);
  };
  const found = await retry(attempt, { rules: { failed: { maxAttempts } }, signal, verdictOf });
  if (found.file.sizeBytes === 0) throw empty();
  blocksOf(uri).renew(found.file.version, found.file.sizeBytes);
  return found;
}
