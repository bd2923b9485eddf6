/** Source: inputs that an RxJS Observable pushes. */

import type { Observable } from "rxjs";
import type { InputDraft } from "../core/input.js";
import type { Source } from "../core/plugin.js";

/**
 * Yields what an Observable emits. An Observable cannot be asked to wait: what it emits while the flow has no room is queued in memory, so
 * prefer `values` for what can be pulled.
 *
 * Keeps order. An error of the Observable ends the run. A stop unsubscribes from it.
 *
 * @example await flow(fromObservable(of({ text: "calm sea" }))).pipe(batch(), upload(app)).run();
 */
export function fromObservable(observable: Observable<InputDraft>): Source {
  return {
    name: "fromObservable",
    async *read({ signal }) {
      const queue: InputDraft[] = [];
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
            yield { origin: `observable:${position}`, input };
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
  };
}
