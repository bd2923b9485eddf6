/** Notices: lines on stderr. A closed stderr does not end the run. */

import { jupyterKernel } from "./jupyter.js";

/**
 * Writes to stderr, or to another stream of this process. Ignores an error of the stream, such as a closed pipe or a full disk. It listens only during
 * its own write, so the program still receives the errors of its other writes.
 */
export function writeNotice(text: string, stream: NodeJS.WritableStream = process.stderr): void {
  if (stream === process.stderr && jupyterKernel()) {
    console.error(text.replace(/\n$/, "")); // the kernel discards what is written to stderr itself
    return;
  }
  if (!stream.writable) return;
  const ignore = () => undefined;
  stream.on("error", ignore);
  // The stream emits the error after it has called the callback.
  stream.write(text, () => setImmediate(() => stream.off("error", ignore)));
}
