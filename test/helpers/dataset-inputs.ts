/** Random inputs with annotations, for round trips between dataset formats. */

import fc from "fast-check";
import type { InputDraft } from "../../src/index.js";

/** A share on a grid, so that shapes keep an area. */
const share = fc.integer({ min: 0, max: 1_000_000 }).map((value) => value / 1_000_000);
const sides = fc
  .tuple(share, share)
  .filter(([one, other]) => Math.abs(one - other) > 0.001)
  .map(([one, other]): [number, number] => [Math.min(one, other), Math.max(one, other)]);
const className = fc.constantFrom("cat", "dog", "Käfer", 'a <b> & "c"', "traffic light");
const box = fc.tuple(sides, sides).map(([[x1, x2], [y1, y2]]): [number, number, number, number] => [x1, y1, x2, y2]);
const corner = fc.tuple(share, share);

/** A box with one class. */
export const boxAnnotation = fc.record({ box, concepts: className.map((id) => [{ id }]) });
/** A polygon with one class, whose corners are not on a line. */
export const polygonAnnotation = fc.record({
  polygon: fc.array(corner, { minLength: 3, maxLength: 6 }).filter(hasArea),
  concepts: className.map((id) => [{ id }]),
});
/** Any region that Label Studio can hold. */
export const anyAnnotation = fc.oneof(
  boxAnnotation,
  polygonAnnotation,
  fc.record({ point: corner, concepts: className.map((id) => [{ id }]) }),
);

function hasArea(points: readonly (readonly [number, number])[]): boolean {
  const [[x, y], ...others] = points as [[number, number], ...[number, number][]];
  return others.some(([a, b], at) =>
    others.slice(at).some(([c, d]) => Math.abs((a - x) * (d - y) - (b - y) * (c - x)) > 1e-3),
  );
}

/** Inputs of the images of a folder, one for each orientation that the property tries. */
export function inputsOf(
  images: readonly string[],
  annotation: fc.Arbitrary<NonNullable<InputDraft["annotations"]>[number]>,
): fc.Arbitrary<InputDraft[]> {
  const annotations = fc.array(annotation, { maxLength: 3 });
  const splits = fc.constantFrom(undefined, "train", "val");
  return fc.tuple(...images.map(() => fc.tuple(annotations, splits))).map((parts) =>
    parts.map(([list, split], index) => ({
      id: `input-${index}`,
      image: { path: images[index] as string },
      metadata: { filename: `${index}.jpg`, ...(split !== undefined && { split }) },
      annotations: list,
    })),
  );
}
