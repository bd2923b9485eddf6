/** Source: inputs that an RxJS Observable pushes. */

import type { Observable } from "rxjs";
import * as z from "zod";
import type { InputDraft } from "../core/input/input.js";
import { defineSource } from "../core/plugin/define-source.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { draftIds, idsOption } from "../core/plugin/row-ids.js";

const Options = z.strictObject({
  /**
   * What ids are made of: the name of an entry of the metadata, of several, or a function of the input. One value that is a possible id is the id.
   * Default: the input's own id, else a hash of the input and of its occurrence among equal ones.
   */
  ids: idsOption<InputDraft>().optional(),
});
/** Options of `fromObservable`. */
export type FromObservableOptions = OptionsOf<typeof Options>;

/**
 * Yields what an Observable emits. An Observable cannot be asked to wait: what it emits while the flow has no room is queued in memory, so
 * prefer `values` for what can be pulled.
 *
 * Keeps order. An error of the Observable ends the run. A stop unsubscribes from it.
 *
 * @example await flow(fromObservable(of({ text: "calm sea" }))).pipe(batch(), upload(app)).run();
 */
export const fromObservable = defineSource({
  name: "fromObservable",
  parse(observable: Observable<InputDraft>, options: FromObservableOptions = {}) {
    return { observable, ...parseOptions("fromObservable", Options, options) };
  },
  async *read({ observable, ids }, { signal }) {
    const queue: InputDraft[] = [];
    const giveId = draftIds(ids);
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
          yield giveId({ origin: `observable:${position}`, input }, position);
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
