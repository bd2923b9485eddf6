/** Ending: a signal ends the program within 10 s, whatever it waits for, and a second one at once. */

import { setTimeout as sleep } from "node:timers/promises";

/** A run ends within 5 s of a signal; what is still open after this long is not waited for. */
const leaveAfterMs = 8000;
/** After the command: for what it closed in the background. */
const closeWithinMs = 1000;
/** File operations that are merely under way end within this time. */
const settleWithinMs = 200;
const stoppedCode = 130;

let signals = 0;

/** Listens to SIGINT and SIGTERM. Call once, before the command, so that what a run listens for comes after it. */
export function watchSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
}

/** Ends the program when its command is over, and a read that nothing can cut (of a pipe, of a disk that hangs) keeps it alive. */
export function endSoon(): void {
  setTimeout(() => void leave(process.exitCode as number | undefined), closeWithinMs).unref();
}

function onSignal(signal: NodeJS.Signals): void {
  signals += 1;
  const isAlone = process.listenerCount(signal) === 1; // no run, no server: nothing has to be closed first
  if (signals > 1 || isAlone) {
    void leave(stoppedCode);
    return;
  }
  setTimeout(() => {
    process.stderr.write(`sluice: what is open did not end within ${leaveAfterMs / 1000} s of ${signal}; leaving it\n`);
    void leave(stoppedCode);
  }, leaveAfterMs).unref();
}

/**
 * Ends the process. `process.exit` waits for the threads of the pool, so it would wait for a read that is blocked in one: then only a signal ends the
 * process, which a shell reports as 130, too.
 */
async function leave(code: number | undefined): Promise<void> {
  const until = performance.now() + settleWithinMs;
  while (isReading() && performance.now() < until) await sleep(10);
  if (!isReading()) process.exit(code);
  process.off("SIGINT", onSignal);
  process.removeAllListeners("SIGINT");
  process.kill(process.pid, "SIGINT");
}

/** Whether a thread of the pool is at work for a file or a name. */
function isReading(): boolean {
  return process.getActiveResourcesInfo().some((name) => /^(?:FSReq|GetAddrInfo)/.test(name));
}
