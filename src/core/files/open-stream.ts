/** Opens files and named pipes as streams. */

import { constants, createReadStream, openSync, statSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";

/** The part of a file to read, and the size of its chunks. A pipe ignores the part. */
export interface OpenStreamOptions {
  highWaterMark?: number;
  start?: number;
  /** The last byte, inclusive. */
  end?: number;
}

/**
 * Opens a file as a stream. The event loop reads named pipes: a thread of the pool would wait for the writer of the pipe without an end, and the process
 * could not exit.
 */
export function openStream(path: string, options: OpenStreamOptions = {}): Readable {
  if (!statSync(path, { throwIfNoEntry: false })?.isFIFO()) return createReadStream(path, options);
  const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd: pipe, readable: true, writable: false });
}
