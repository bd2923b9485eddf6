/** Calls back on an abort, with one listener for each signal. */

/** The callbacks of each signal that has some. */
const waiting = new WeakMap<AbortSignal, Waiting>();

interface Waiting {
  callbacks: Set<() => void>;
  listener: () => void;
}

/**
 * Calls `callback` once when `signal` aborts; not if it has aborted already. Returns a function that takes the callback back.
 *
 * A signal has one listener for all callbacks. Node.js warns of a leak when a signal has more than ten listeners, which many runs, sources or waits with
 * one signal would add.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, listener } = waiting.get(signal) ?? listen(signal);
  callbacks.add(callback);
  return () => {
    if (!callbacks.delete(callback) || callbacks.size > 0) return;
    waiting.delete(signal);
    signal.removeEventListener("abort", listener);
  };
}

function listen(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>();
  const listener = () => {
    waiting.delete(signal);
    const errors: unknown[] = [];
    for (const callback of callbacks) {
      callbacks.delete(callback);
      try {
        callback();
      } catch (error) {
        errors.push(error); // the others are called, too
      }
    }
    if (errors.length > 0) throw errors[0];
  };
  signal.addEventListener("abort", listener, { once: true });
  const added = { callbacks, listener };
  waiting.set(signal, added);
  return added;
}
