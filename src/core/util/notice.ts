/** Notices: lines on stderr, which nobody may be reading any more. A reader that is gone ends no run. */

/**
 * Writes to stderr, or to another stream of this process. An error of the stream (a closed pipe, a full disk) is dropped: it listens for the error
 * of its own write only, so that errors of the program's other writes stay the program's.
 */
export function writeNotice(text: string, stream: NodeJS.WritableStream = process.stderr): void {
  if (!stream.writable) return;
  const ignore = () => undefined;
  stream.on("error", ignore);
  // The error is emitted after the callback has run.
  stream.write(text, () => setImmediate(() => stream.off("error", ignore)));
}
