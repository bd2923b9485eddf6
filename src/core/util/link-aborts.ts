/** Links abort signals: one controller that the first abort among several signals aborts, too. */

import { onAbort } from "./on-abort.js";

export interface LinkedAbort {
  controller: AbortController;
  /** Removes the listeners; call it when the work is over. */
  unlink(): void;
}

/** Links signals until `unlink` is called. `AbortSignal.any` leaves a reference in each signal, which adds up in signals that live long. */
export function linkAborts(...signals: (AbortSignal | undefined)[]): LinkedAbort {
  const controller = new AbortController();
  const links = signals.map((signal) => {
    const abort = () => controller.abort(signal?.reason);
    if (signal?.aborted) abort();
    return signal && !signal.aborted ? onAbort(signal, abort) : undefined;
  });
  return {
    controller,
    unlink() {
      for (const unlink of links) unlink?.();
    },
  };
}
