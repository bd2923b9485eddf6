/** Ends the program within 10 s of a signal, even if a read hangs, and at once on a second signal. */

import { setTimeout as sleep } from "node:timers/promises";

/** A run ends within 5 s of a signal. The program ends after this time even if something is still open. */
const exitAfterMs = 8000;
/** Time after the command for work that closes in the background. */
const closeWithinMs = 1000;
/** File operations that do not hang end within this time. */
const settleWithinMs = 200;
const stoppedCode = 130;

let signals = 0;

/** Listens to SIGINT and SIGTERM. Must be called once and before the command, so that its listener runs before those of a run. */
export function watchSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
}

/** Ends the program after its command, even if a read that cannot be cancelled (of a pipe, of a disk that hangs) keeps the process alive. */
export function exitSoon(): void {
  setTimeout(() => void exit(process.exitCode as number | undefined), closeWithinMs).unref();
}

function onSignal(signal: NodeJS.Signals): void {
  signals += 1;
  const isAlone = process.listenerCount(signal) === 1; // no run and no server listens, so nothing has to be closed first
  if (signals > 1 || isAlone) {
    void exit(stoppedCode);
    return;
  }
  setTimeout(() => {
    process.stderr.write(
      `sluice: open work did not end within ${exitAfterMs / 1000} s of ${signal}; exiting without it\n`,
    );
    void exit(stoppedCode);
  }, exitAfterMs).unref();
}

/**
 * Ends the process. `process.exit` waits for the threads of the pool, so a blocked read in one of them would keep the process alive. In that case the
 * process ends itself by SIGINT, which a shell reports as 130 too.
 */
async function exit(code: number | undefined): Promise<void> {
  const until = performance.now() + settleWithinMs;
  while (isReading() && performance.now() < until) await sleep(10);
  if (!isReading()) process.exit(code);
  process.off("SIGINT", onSignal);
  process.removeAllListeners("SIGINT");
  process.kill(process.pid, "SIGINT");
}

/** Whether a thread of the pool works on a file or a name lookup. */
function isReading(): boolean {
  return process.getActiveResourcesInfo().some((name) => /^(?:FSReq|GetAddrInfo)/.test(name));
}
