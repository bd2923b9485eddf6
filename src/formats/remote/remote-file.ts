/** Files that lie in a bucket, on the hub or on a web server: how they are named, and one request for a part of them. */

import { InputError } from "../../core/errors.js";
import { isHub, parseFileUri, shownName } from "../hugging-face/dataset-name.js";
import { asBroken, openHubFile } from "../hugging-face/open-file.js";
import { accessTo } from "../s3/access.js";
import { asUnreachable } from "../s3/client.js";
import { parseObjectUri, typedUri } from "../s3/object-uri.js";
import { openObject } from "../s3/read-object.js";
import { asFetchError, openHttpFile } from "./http-file.js";
import type { RemoteRange, RemoteStream } from "./range.js";

/** Names a remote file for people. */
export function nameOfRemote(uri: string): string {
  if (isHub(uri)) {
    const file = parseFileUri(uri);
    return shownName(file, file.path);
  }
  return isS3(uri) ? typedUri(parseObjectUri(uri)) : uri;
}

/** Sends one request for a part of a remote file. @throws {InputError} what the service refuses */
export function openRemote(uri: string, range: RemoteRange): Promise<RemoteStream> {
  if (isHub(uri)) return openHubFile(uri, range);
  if (!isS3(uri)) return openHttpFile(uri, range);
  const object = parseObjectUri(uri);
  return openObject(accessTo(object), object.key, typedUri(object), range);
}

/** Yields a part of a remote file, with one request. `onHead` gets what the answer says about the file. @throws {InputError} what `openRemote` throws; a retryable one if the connection breaks */
export async function* readRemote(
  uri: string,
  range: RemoteRange,
  onHead?: (head: RemoteStream) => void,
): AsyncGenerator<Buffer, void> {
  const { offset, length, signal } = range;
  const head = await openRemote(uri, range);
  const end = offset + length;
  let position = head.start;
  try {
    onHead?.(head);
    for await (const chunk of head.body as AsyncIterable<Buffer>) {
      const part = chunk.subarray(Math.max(0, offset - position), Math.max(0, end - position));
      position += chunk.length;
      if (part.length > 0) yield part;
      if (position >= end) return;
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (isHub(uri)) throw asBroken(uri, error);
    throw isS3(uri) ? asUnreachable(nameOfRemote(uri), "the service", error) : asFetchError(uri, error);
  } finally {
    head.body.on("error", () => undefined).destroy();
  }
}

/** Makes the error for a server that sends no parts. */
export function withoutRanges(uri: string): InputError {
  const step = "download the file, and read it from the disk";
  return new InputError(
    "ERR_REMOTE_RANGES",
    `${nameOfRemote(uri)}: the server sends no parts of files (range requests); ${step}`,
  );
}

/** Whether a URI names an object of a bucket. */
export function isS3(uri: string): boolean {
  return /^s3:/i.test(uri);
}
