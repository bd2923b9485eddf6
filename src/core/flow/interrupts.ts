/** Signals: the first asks the runs of this process to end; later ones are left to the program, whose default is to end. */

import { isMainThread } from "node:worker_threads";
import { writeNotice } from "../util/notice.js";

type Signal = "SIGINT" | "SIGTERM";

const runs = new Set<() => void>();
const listening = new Set<Signal>();
/** A program that was told to stop is not to go on with its next flow. */
let interrupted = false;

/**
 * Calls `stop` when the process gets a SIGINT, or at once when it got one before; gives back its removal. A program that listens to the signal
 * itself is left alone, unless `always`; then SIGTERM counts too. Worker threads get no signals.
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
  // The next signal is the program's own: without a listener of its own, the system ends it.
  for (const listened of listening) process.off(listened, interrupt);
  listening.clear();
  writeNotice(`sluice: ${signal}: what is open may finish within 5 s (once more to leave at once)\n`);
  for (const stop of runs) stop();
}
