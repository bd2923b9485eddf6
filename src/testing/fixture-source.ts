/** Parts that the contract suites share: a source of fixtures, a recorder of inputs, and waits that end with an error. */

import { type MonoTypeOperatorFunction, tap } from "rxjs";
import type { Message } from "../core/accounting/message.js";
import type { Input, InputDraft } from "../core/input/input.js";
import type { Source } from "../core/plugin/source.js";

/** Shorter than the time limit of a vitest test, so that the error names the plugin that hangs. */
const longestWaitMs = 3000;

/** Makes a source of the fixture's inputs. The origin of the first one is `fixture:1`. */
export function fixtureSource(inputs: readonly InputDraft[]): Source {
  return {
    name: "fixture",
    *read() {
      for (const [index, input] of inputs.entries()) yield { origin: `fixture:${index + 1}`, input };
    },
  };
}

/** Records the inputs that pass, and a copy of each. The two differ later if an operator behind it changes an input in place. */
export function recordInputs(): { copies: Input[]; originals: Input[]; record: MonoTypeOperatorFunction<Message> } {
  const copies: Input[] = [];
  const originals: Input[] = [];
  const record = tap<Message>(({ value }) => {
    copies.push(structuredClone(value));
    originals.push(value);
  });
  return { copies, originals, record };
}

/** Waits for a promise, at most 3 s. Rejects with `problem` after that. */
export function within<T>(promise: T | PromiseLike<T>, problem: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${problem} (waited ${longestWaitMs / 1000} s)`)), longestWaitMs);
    const settled = Promise.resolve(promise).finally(() => clearTimeout(timer));
    settled.then(resolve, reject);
  });
}
