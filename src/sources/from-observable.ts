/** Source: inputs that an RxJS Observable pushes. */

import type { Observable } from "rxjs";
import * as z from "zod";
import type { InputDraft } from "../core/input/input.js";
import { datasetsOption, joinDatasets } from "../core/plugin/datasets-option.js";
import { defineSource } from "../core/plugin/define-source.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { draftIds, idsOption } from "../core/plugin/row-ids.js";

const optionFields = {
  /**
   * Source of ids: the name of one metadata entry, the names of several entries, or a function of the input. A single value that is a valid id is used
   * as it is. Default: the input's own id, else a hash of the input and of its occurrence among equal inputs.
   */
  ids: idsOption<InputDraft>().optional(),
  /** Datasets that every input joins, besides its own. */
  datasets: datasetsOption,
};
const Options = z.strictObject(optionFields);
/** Options of `fromObservable`. */
export type FromObservableOptions = OptionsOf<typeof optionFields>;

/**
 * Yields the inputs that an Observable emits. An Observable cannot be paused: inputs that it emits while the flow has no capacity are queued in memory.
 * Prefer `fromIterable` for inputs that can be pulled.
 *
 * Keeps order. Completes with the Observable. An error of the Observable rejects the run. An early stop unsubscribes from it.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) when the Observable fails
 * @example
 * import { of } from "rxjs";
 * await flow(fromObservable(of({ text: "calm sea" }))).pipe(batch(), upload(app)).run();
 */
export const fromObservable = defineSource({
  name: "fromObservable",
  parse(observable: Observable<InputDraft>, options: FromObservableOptions = {}) {
    return { observable, ...parseOptions("fromObservable", Options, options) };
  },
  async *read({ observable, ids, datasets }, { signal }) {
    const queue: InputDraft[] = [];
    const giveId = draftIds(ids);
    const join = joinDatasets(datasets);
    let ended = false;
    let failure: { error: unknown } | undefined;
    let wake: (() => void) | undefined;
    const notify = () => wake?.();
    signal.addEventListener("abort", notify);
    const subscription = observable.subscribe({
      next: (input) => {
        queue.push(input);
        notify();
      },
      error: (error: unknown) => {
        failure = { error };
        notify();
      },
      complete: () => {
        ended = true;
        notify();
      },
    });
    try {
      for (let position = 1; !signal.aborted; ) {
        for (const input of queue.splice(0)) {
          yield join(giveId({ origin: `observable:${position}`, input }, position));
          position += 1;
        }
        if (queue.length > 0) continue;
        if (failure) throw failure.error;
        if (ended) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      signal.removeEventListener("abort", notify);
      subscription.unsubscribe();
    }
  },
});
