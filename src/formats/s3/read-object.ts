/** Requests a range of an object. */

import { InputError } from "../../core/errors.js";
import type { RemoteRange, RemoteStream } from "../remote/range.js";
import type { S3Access } from "./access.js";
import { sendS3 } from "./client.js";

/**
 * Sends a request for a range of an object, and returns the answer when its head has arrived. `what` names the object in errors.
 *
 * @throws {InputError} ERR_FILE_CHANGED for another entity tag, ERR_S3_ANSWER, and what `sendS3` throws
 */
export async function openObject(
  access: S3Access,
  key: string,
  what: string,
  { offset, length, version, signal }: RemoteRange,
): Promise<RemoteStream> {
  const match: Record<string, string> = version ? { "if-match": `"${version}"` } : {};
  const headers = { range: `bytes=${offset}-${offset + length - 1}`, ...match };
  const { body, statusCode, headers: received } = await sendS3(access, { key, headers, signal, what });
  try {
    const etag = etagOf(received.etag);
    checkVersion(what, etag, version);
    const hasRanges = statusCode === 206;
    const [start, sizeBytes] = hasRanges
      ? rangeOf(what, received["content-range"], offset)
      : [0, sizeOf(received["content-length"])];
    return { body, start, sizeBytes, version: etag, hasRanges };
  } catch (error) {
    body.on("error", () => undefined).destroy();
    throw error;
  }
}

function etagOf(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header.replace(/^(W\/)?"|"$/g, "") : undefined;
}

/** Compares the entity tag: not every service heeds If-Match. @throws {InputError} ERR_FILE_CHANGED, ERR_S3_ANSWER */
function checkVersion(what: string, etag: string | undefined, version: string | undefined): void {
  if (!version || etag === version) return;
  if (etag !== undefined)
    throw new InputError("ERR_FILE_CHANGED", `${what} changed after it was listed; run the flow again`);
  throw new InputError("ERR_S3_ANSWER", `${what}: the answer has no entity tag, so it may be another object`);
}

function rangeOf(what: string, header: string | string[] | undefined, offset: number): [number, number | undefined] {
  const [, start, size] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(header ?? "")) ?? [];
  if (start !== undefined && Number(start) <= offset) return [Number(start), size === "*" ? undefined : Number(size)];
  const text = `${what}: the answer has the range ${String(header)}, not the one from ${offset} on`;
  throw new InputError("ERR_S3_ANSWER", text, { retryable: true });
}

function sizeOf(header: string | string[] | undefined): number | undefined {
  return typeof header === "string" && /^\d+$/.test(header) ? Number(header) : undefined;
}
