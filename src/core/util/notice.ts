/** Notices: lines on stderr. A closed stderr does not end the run. */

import { jupyterKernel } from "./jupyter.js";

const ignore = () => undefined;
/** How many writes of each stream are open: one listener serves them all, because Node.js warns about more than ten. */
const openWrites = new WeakMap<NodeJS.WritableStream, number>();

/**
 * Writes to stderr, or to another stream of this process. Ignores an error of the stream, such as a closed pipe or a full disk. It listens only during
 * its own writes, so the program still receives the errors of its other writes.
 */
export function writeNotice(text: string, stream: NodeJS.WritableStream = process.stderr): void {
  if (stream === process.stderr && jupyterKernel()) {
    console.error(text.replace(/\n$/, "")); // the kernel discards what is written to stderr itself
    return;
  }
  if (!stream.writable) return;
  const open = openWrites.get(stream) ?? 0;
  openWrites.set(stream, open + 1);
  if (open === 0) stream.on("error", ignore);
  // The stream emits the error after it has called the callback.
  stream.write(text, () => setImmediate(() => endWrite(stream)));
}

function endWrite(stream: NodeJS.WritableStream): void {
  const open = (openWrites.get(stream) ?? 0) - 1;
  openWrites.set(stream, open);
  if (open === 0) stream.off("error", ignore);
}
