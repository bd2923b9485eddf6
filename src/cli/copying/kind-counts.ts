/** Counts the inputs that pass a point of a flow, by kind. */

import { kindOf } from "../../core/input/input.js";
import { transform } from "../../transforms/transform.js";

export class KindCounts {
  readonly counts: Record<string, number> = {};
  total = 0;

  /** Returns a transform that counts inputs and passes them on. */
  counter() {
    return transform((input) => {
      const kind = kindOf(input) ?? "none";
      this.counts[kind] = (this.counts[kind] ?? 0) + 1;
      this.total += 1;
      return input;
    });
  }
}
