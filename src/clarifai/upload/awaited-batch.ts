/** The accepted inputs of one batch, whose processing is waited for together. */

import type { WireStatus } from "../wire/status.js";

/** The result of processing an accepted input; "pending" if it was still in progress at the deadline. */
export type Processed = { state: "done" | "failed"; status: WireStatus } | { state: "pending"; reason: string };

/** An accepted input. Its job is certain to count it, unless it existed before. */
export interface Awaited {
  id: string;
  before?: boolean | undefined;
}

/** An input of a batch without a result. */
export interface OpenInput {
  batch: AwaitedBatch;
  index: number;
  id: string;
  isCounted: boolean;
}

/** Collects the results of a batch. A large upload has thousands of inputs in progress, so it keeps no object for each. */
export class AwaitedBatch {
  /** The results in the order of the inputs, as soon as none is missing. */
  readonly done: Promise<Processed[]>;
  readonly acceptedAt: number;
  readonly #inputs: readonly Awaited[];
  readonly #results: (Processed | undefined)[] = [];
  #resolve: (results: Processed[]) => void = () => undefined;
  #missing: number;

  constructor(inputs: readonly Awaited[], acceptedAt: number) {
    this.#inputs = inputs;
    this.#missing = inputs.length;
    this.acceptedAt = acceptedAt;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Number of inputs without a result. */
  get missing(): number {
    return this.#missing;
  }

  /** Number of inputs that their job is certain to count. */
  get counted(): number {
    return this.#inputs.filter(({ before = false }) => !before).length;
  }

  /** Returns the inputs without a result. */
  open(): OpenInput[] {
    return this.#inputs
      .map(({ id, before = false }, index) => ({ batch: this as AwaitedBatch, index, id, isCounted: !before }))
      .filter(({ index }) => !this.#results[index]);
  }

  /** Sets the result of an input that has none. */
  finish(index: number, result: Processed): void {
    if (this.#results[index]) return;
    this.#results[index] = result;
    this.#missing -= 1;
    if (this.#missing === 0) this.#resolve(this.#results as Processed[]); // none is missing
  }

  /** Sets the same result for all inputs that have none, or only for those that their job counts. */
  finishAll(result: Processed, which: "all" | "counted" = "all"): void {
    for (const [index, { before = false }] of this.#inputs.entries()) {
      if (which === "all" || !before) this.finish(index, result);
    }
  }
}
