/** The one class of RxJS that the library itself runs on, from its own module: the index would load some two hundred others. */

import type { Subscriber } from "rxjs";

export { Observable } from "rxjs/internal/Observable";

/** A `next` whose errors end the stream; RxJS would throw them where nobody catches, and go on without the item. */
export function guarded<T>(output: Subscriber<never>, next: (item: T) => void): (item: T) => void {
  return (item) => {
    try {
      next(item);
    } catch (error) {
      output.error(error);
    }
  };
}
