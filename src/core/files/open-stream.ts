/** Opens files and named pipes as streams. */

import { constants, createReadStream, openSync, statSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";

/** The path that stands for stdin, also where the system has no such file. */
export const stdinPath = "/dev/stdin";

/** The part of a file to read, and the size of its chunks. A pipe ignores the part. */
export interface OpenStreamOptions {
  highWaterMark?: number;
  start?: number;
  /** The last byte, inclusive. */
  end?: number;
}

/**
 * Opens a file as a stream. The event loop reads named pipes: a thread of the pool would wait for the writer of the pipe without an end, and the process
 * could not exit. The path of stdin is read from the descriptor of this process, since a socket has no path that can be opened.
 */
export function openStream(path: string, options: OpenStreamOptions = {}): Readable {
  if (path === stdinPath) return process.stdin;
  if (!statSync(path, { throwIfNoEntry: false })?.isFIFO()) return createReadStream(path, options);
  const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd: pipe, readable: true, writable: false });
}
