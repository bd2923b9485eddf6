/** The two classes of RxJS that the library runs on, each from its own module: the index would load some two hundred others. */

import type { Subscriber } from "rxjs";

export { Observable } from "rxjs/internal/Observable";
export { Subject } from "rxjs/internal/Subject";

/** Makes a `next` whose errors end the stream. RxJS would throw them as uncaught exceptions, and continue without the item. */
export function guarded<T>(output: Subscriber<never>, next: (item: T) => void): (item: T) => void {
  return (item) => {
    try {
      next(item);
    } catch (error) {
      output.error(error);
    }
  };
}
