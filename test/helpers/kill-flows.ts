/** The inputs of the programs that tests kill. */

import type { InputDraft } from "../../src/index.js";
import { draftOf } from "./small-contents.js";

/** Yields sounds and texts, a third of them with an annotation. */
export function* uploads(count: number): Generator<InputDraft> {
  for (let n = 0; n < count; n += 1) {
    const annotations: InputDraft["annotations"] = [{ box: [0, 0, 1, 1], concepts: [{ id: "boat" }] }];
    yield {
      ...draftOf(n % 2 === 0 ? "audio" : "text", n, ""),
      id: `k${n}`,
      metadata: { n },
      annotations: n % 3 === 0 ? annotations : [],
    };
  }
}
