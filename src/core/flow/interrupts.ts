/** Signals: the first one stops the runs of this process; for later ones, the program's own handling applies. */

import { isMainThread } from "node:worker_threads";
import { writeNotice } from "../util/notice.js";

type Signal = "SIGINT" | "SIGTERM";

const runs = new Set<() => void>();
const listening = new Set<Signal>();
/** Whether a signal has arrived. A program that was interrupted must not start its next flow. */
let interrupted = false;

/**
 * Calls `stop` when the process receives a SIGINT, or at once if it received one before. Returns a function that removes the listener. If the program
 * has its own listener, this function does nothing, unless `always`; then it also listens to SIGTERM. Worker threads receive no signals.
 */
export function onInterrupt(stop: () => void, always: boolean): () => void {
  if (interrupted) {
    stop();
    return () => undefined;
  }
  for (const signal of always ? (["SIGINT", "SIGTERM"] as const) : (["SIGINT"] as const)) {
    if (listening.has(signal) || !isMainThread || (!always && process.listenerCount(signal) > 0)) continue;
    listening.add(signal);
    process.on(signal, interrupt);
  }
  runs.add(stop);
  return () => {
    if (!runs.delete(stop) || runs.size > 0) return;
    for (const signal of listening) process.off(signal, interrupt);
    listening.clear();
  };
}

function interrupt(signal: NodeJS.Signals): void {
  interrupted = true;
  // Without a listener of the program, the system ends the process at the next signal.
  for (const listened of listening) process.off(listened, interrupt);
  listening.clear();
  for (const stop of runs) stop(); // first, since it clears the progress on the terminal
  writeNotice(`sluice: ${signal}: open work may finish within 5 s (send the signal again to exit at once)\n`);
}
