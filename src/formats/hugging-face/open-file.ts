/** Reads a range of a file on the hub. */

import { InputError } from "../../core/errors.js";
import type { RemoteRange, RemoteStream } from "../remote/range.js";
import { accessTo } from "./access.js";
import { askHub, asUnreachable } from "./client.js";
import { encodePath, parseFileUri, shownName } from "./dataset-name.js";

/**
 * Requests a range of a file, and returns the answer when its head has arrived. Waits if the hub limits requests. A commit does not change, so no version is compared.
 *
 * @throws {InputError} ERR_HF_…, ERR_HTTP_403 and other statuses of the server that has the file, ERR_FILE_CHANGED
 */
export function openHubFile(uri: string, { offset, length, signal }: RemoteRange): Promise<RemoteStream> {
  const file = parseFileUri(uri);
  const access = accessTo(file);
  const what = shownName(file, file.path);
  const url = `${access.endpoint}/datasets/${file.id}/resolve/${encodeURIComponent(file.commit)}/${encodePath(file.path)}`;
  const headers = { range: `bytes=${offset}-${offset + length - 1}` };
  const open = { id: file.id, what, url, headers, signal };
  return askHub(
    access,
    open,
    ({ statusCode, headers: received, body }): RemoteStream => {
      const hasRanges = statusCode === 206;
      const [, start, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(String(received["content-range"] ?? "")) ?? [];
      if (!hasRanges || (start !== undefined && Number(start) <= offset)) {
        const sizeBytes = hasRanges ? Number(size) : sizeOf(received["content-length"]);
        return { body, start: Number(start ?? 0), sizeBytes, version: undefined, hasRanges };
      }
      body.on("error", () => undefined).destroy();
      const text = `${what}: the answer has the range ${String(received["content-range"])}, not the one from ${offset} on`;
      throw new InputError("ERR_HF_ANSWER", text, { retryable: true });
    },
    { retries: false },
  );
}

/** Makes the error of a body that broke off. */
export function asBroken(uri: string, error: unknown): Error {
  const file = parseFileUri(uri);
  return asUnreachable(shownName(file, file.path), file.endpoint, error);
}

function sizeOf(header: string | string[] | undefined): number | undefined {
  return typeof header === "string" && /^\d+$/.test(header) ? Number(header) : undefined;
}
