/** Opens files for reading as streams, named pipes among them. */

import { constants, createReadStream, openSync, statSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";

/** Part of a file and the size of its chunks; a pipe has no parts. */
export interface OpenStreamOptions {
  highWaterMark?: number;
  start?: number;
  /** The last byte, inclusive. */
  end?: number;
}

/**
 * Opens a file as a stream. A named pipe is read by the event loop: in a thread of the pool, the wait for its writer could not be cut, and the process
 * could not end.
 */
export function openStream(path: string, options: OpenStreamOptions = {}): Readable {
  if (!statSync(path, { throwIfNoEntry: false })?.isFIFO()) return createReadStream(path, options);
  const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd: pipe, readable: true, writable: false });
}
