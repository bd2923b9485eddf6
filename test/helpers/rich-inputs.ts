/** Makes inputs of every kind with every part of a record: concepts, metadata, location, datasets, and annotations of every kind. */

import type { InputDraft } from "../../src/index.js";
import { type AnnotationDraft, type AnnotationKind, annotationOf, kindsOn } from "./annotation-kinds.js";
import { smallContent } from "./small-contents.js";

/** Returns the n-th input. Of twelve in a row, one is a video, two are sounds, three are texts, and one image has a text. */
export function richInput(n: number, prefix = "r"): InputDraft {
  const kind = n % 12 === 0 ? "video" : n % 6 === 1 ? "audio" : n % 4 === 2 ? "text" : "image";
  const bytes = smallContent(kind, n);
  const kinds: readonly AnnotationKind[] = [...kindsOn[kind], ...(n % 12 === 3 ? (["token", "span"] as const) : [])];
  return {
    id: `${prefix}${n}`,
    ...(kind === "text" ? { text: bytes.toString() } : { [kind]: { bytes } }),
    ...(n % 12 === 3 ? { text: `The sea,\r\nin picture ${n}? ` } : {}),
    concepts:
      n % 5 === 0
        ? []
        : [
            { id: "cat", name: "A cat", value: n % 2 },
            { id: `c${n % 7}`, name: `c${n % 7}`, value: 0.5 },
          ],
    metadata:
      n % 4 === 0 ? {} : { n, big: 1e300, half: -0.5, nested: { list: [1, null, "ü", { deep: true }] }, empty: {} },
    ...(n % 3 === 0 ? { geo: { longitude: 4.4777, latitude: -51.9244 } } : {}),
    annotations: kinds
      .filter((_, index) => (n + Math.floor(n / 12) + index) % 3 !== 0)
      .map((one): AnnotationDraft => annotationOf(one)),
    datasets: [["train"], ["train", "best"], []][n % 3] as string[],
  };
}

/** Yields the first `count` inputs. */
export function* richInputs(count: number, prefix?: string): Generator<InputDraft> {
  for (let n = 0; n < count; n += 1) yield richInput(n, prefix);
}
