/** What the suites have in common: a source of fixtures, and waits that say what they waited for. */

import type { InputDraft } from "../core/input.js";
import type { Source } from "../core/plugin.js";

/** Shorter than the time that vitest gives a test, so that a plugin that hangs is told by its name. */
const longestWaitMs = 3000;

/** The inputs of a fixture as a source; the origin of the first is `fixture:1`. */
export function fixtureSource(inputs: readonly InputDraft[]): Source {
  return {
    name: "fixture",
    *read() {
      for (const [index, input] of inputs.entries()) yield { origin: `fixture:${index + 1}`, input };
    },
  };
}

/** The same, or an error that tells what did not come. */
export function within<T>(promise: T | PromiseLike<T>, what: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} (waited ${longestWaitMs / 1000} s)`)), longestWaitMs);
    const settled = Promise.resolve(promise).finally(() => clearTimeout(timer));
    settled.then(resolve, reject);
  });
}
