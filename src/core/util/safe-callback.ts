/** Callbacks that only observe a run: their errors do not end it. */

import { describeThrown } from "../errors.js";
import { isThenable } from "./thenable.js";

/** Wraps a callback. If it throws or its promise rejects, the process emits a warning with its name, and never calls it again. */
export function harmless<T>(name: string, callback: (value: T) => unknown): (value: T) => void {
  let isBroken = false;
  const stop = (error: unknown) => {
    if (isBroken) return;
    isBroken = true;
    process.emitWarning(`run: ${name} threw, and is not called again: ${describeThrown(error)}`, "SluiceWarning");
  };
  return (value) => {
    if (isBroken) return;
    try {
      const result = callback(value);
      if (isThenable(result)) Promise.resolve(result).catch(stop);
    } catch (error) {
      stop(error);
    }
  };
}
