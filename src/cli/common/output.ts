/** Prints lines on stdout, whose reader may leave (`sluice list | head`) and whose disk may be full. */

import { once } from "node:events";

const ended = new AbortController();

/** Aborts when stdout accepts no more lines. Commands that only print stop then; jobs continue. */
export const outputEnded: AbortSignal = ended.signal;

/** Keeps the program running when the readers of its output leave. Must be called once, before anything is printed. */
export function watchOutput(): void {
  process.stderr.on("error", () => undefined); // the reader of progress and notices has left
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (outputEnded.aborted) return;
    ended.abort(error);
    if (error.code === "EPIPE") return; // the reader of a pipe may leave early, which is not an error
    process.stderr.write(`error: stdout cannot be written: ${error.message}\n`);
    process.exitCode ||= 1;
  });
}

/** Whether stdout ended with an error, and not because its reader left. */
export function outputFailed(): boolean {
  return outputEnded.aborted && (outputEnded.reason as NodeJS.ErrnoException).code !== "EPIPE";
}

/** Prints a text and a line break. Resolves when stdout has capacity for the next line. Callers set the exit code first. */
export async function print(text: string): Promise<void> {
  if (outputEnded.aborted || process.stdout.write(`${text}\n`)) return;
  await once(process.stdout, "drain", { signal: outputEnded }).catch(() => undefined); // without a reader, outputEnded is aborted
}
