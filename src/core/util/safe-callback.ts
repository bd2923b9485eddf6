/** Callbacks that only watch a run: what they throw ends no run. */

import { describeThrown } from "../errors.js";
import { isThenable } from "./thenable.js";

/** The same callback. If it throws or its promise rejects, a warning names it, and it is not called again: the run matters more. */
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
