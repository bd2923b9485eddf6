/** What the suites have in common: a source of fixtures, a witness of what goes by, and waits that say what they waited for. */

import { type MonoTypeOperatorFunction, tap } from "rxjs";
import type { Message } from "../core/accounting/message.js";
import type { Input, InputDraft } from "../core/input/input.js";
import type { Source } from "../core/plugin/source.js";

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

/** Keeps the inputs that go by, each as it is and as a copy: whoever gets them afterwards is to leave them unchanged. */
export function witness(): { before: Input[]; after: Input[]; look: MonoTypeOperatorFunction<Message> } {
  const before: Input[] = [];
  const after: Input[] = [];
  const look = tap<Message>(({ value }) => {
    before.push(structuredClone(value));
    after.push(value);
  });
  return { before, after, look };
}

/** The same, or an error that tells what did not come. */
export function within<T>(promise: T | PromiseLike<T>, what: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} (waited ${longestWaitMs / 1000} s)`)), longestWaitMs);
    const settled = Promise.resolve(promise).finally(() => clearTimeout(timer));
    settled.then(resolve, reject);
  });
}
