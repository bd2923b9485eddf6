/** `Observable`, imported from its own module: the index of RxJS would load about two hundred others. */

import type { Subscriber } from "rxjs";

export { Observable } from "rxjs/internal/Observable";

/** Wraps `next` so that its errors end the stream. RxJS would throw them where no code catches them, and continue without the item. */
export function guarded<T>(output: Subscriber<never>, next: (item: T) => void): (item: T) => void {
  return (item) => {
    try {
      next(item);
    } catch (error) {
      output.error(error);
    }
  };
}
