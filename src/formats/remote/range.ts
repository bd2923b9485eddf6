/** A remote file, a part of it, and the answer to a request for the part. */

import type { Dispatcher } from "undici";

/** A remote file, as it was when it was found. */
export interface RemoteFile {
  /** Names the file without secrets: `s3://bucket/a.zip`, `https://host/a.zip`. */
  uri: string;
  /** Undefined if the server does not say it. */
  sizeBytes: number | undefined;
  version: string | undefined;
  /** Whether the server sends parts. */
  hasRanges: boolean;
}

/** A part of a remote file. */
export interface RemoteRange {
  offset: number;
  length: number;
  version?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** An answer whose body begins at `start`. */
export interface RemoteStream extends Omit<RemoteFile, "uri"> {
  body: Dispatcher.ResponseData["body"];
  start: number;
}
