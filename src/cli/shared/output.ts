/** Output: lines on stdout, whose reader may leave (`sluice list | head`) and whose disk may be full. */

import { once } from "node:events";

const ended = new AbortController();

/** Aborted when stdout takes no more lines. A command whose whole purpose is its output stops then; a job goes on. */
export const outputEnded: AbortSignal = ended.signal;

/** Lets the program outlive the readers of its output. Call once, before anything is printed. */
export function watchOutput(): void {
  process.stderr.on("error", () => undefined); // progress and notices that nobody reads
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (outputEnded.aborted) return;
    ended.abort(error);
    if (error.code === "EPIPE") return; // as any tool in a pipe: the reader has had enough
    process.stderr.write(`error: stdout cannot be written: ${error.message}\n`);
    process.exitCode ||= 1;
  });
}

/** Whether stdout ended because of an error, and not because its reader left. */
export function outputFailed(): boolean {
  return outputEnded.aborted && (outputEnded.reason as NodeJS.ErrnoException).code !== "EPIPE";
}

/** Prints a text and a line break; resolves when there is capacity for the next one. Set the exit code before. */
export async function print(text: string): Promise<void> {
  if (outputEnded.aborted || process.stdout.write(`${text}\n`)) return;
  await once(process.stdout, "drain", { signal: outputEnded }).catch(() => undefined); // no reader: the next call says so
}
