/** Files that lie in a bucket, on the hub or on a web server: how they are named, and one request for a part of them. */

import { InputError } from "../../core/errors.js";
import { isHub, parseFileUri, shownName } from "../hugging-face/dataset-name.js";
import { asBroken as asBrokenHubFile, openHubFile } from "../hugging-face/open-file.js";
import { accessTo } from "../s3/access.js";
import { asUnreachable } from "../s3/client.js";
import { parseObjectUri, typedUri } from "../s3/object-uri.js";
import { openObject } from "../s3/read-object.js";
import { asFetchError, openHttpFile } from "./http-file.js";
import type { RemoteRange, RemoteStream } from "./range.js";

/** A kind of server that has files. */
interface Service {
  /** Names a file for people. */
  nameOf(uri: string): string;
  /** Sends one request for a part of a file. */
  open(uri: string, range: RemoteRange): Promise<RemoteStream>;
  /** Makes the error for a connection that broke. */
  asBroken(uri: string, error: unknown): Error;
}

const hub: Service = {
  nameOf(uri) {
    const file = parseFileUri(uri);
    return shownName(file, file.path);
  },
  open: openHubFile,
  asBroken: asBrokenHubFile,
};

const bucket: Service = {
  nameOf: (uri) => typedUri(parseObjectUri(uri)),
  open(uri, range) {
    const object = parseObjectUri(uri);
    return openObject(accessTo(object), object.key, typedUri(object), range);
  },
  asBroken: (uri, error) => asUnreachable(bucket.nameOf(uri), "the service", error),
};

const web: Service = { nameOf: (uri) => uri, open: openHttpFile, asBroken: asFetchError };

function serviceOf(uri: string): Service {
  if (isHub(uri)) return hub;
  return isS3(uri) ? bucket : web;
}

/** Names a remote file for people. */
export function nameOfRemote(uri: string): string {
  return serviceOf(uri).nameOf(uri);
}

/** Sends one request for a part of a remote file. @throws {InputError} what the service refuses */
export function openRemote(uri: string, range: RemoteRange): Promise<RemoteStream> {
  return serviceOf(uri).open(uri, range);
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
    throw serviceOf(uri).asBroken(uri, error);
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
