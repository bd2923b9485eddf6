/** Places the labels of regions beside them, so that no label hides a region that it could be taken for. */

import type { RegionShape } from "../../shapes.js";

/** Left, top, right, bottom. In pixels of the stage, or as shares of the image. */
export type Box = readonly [number, number, number, number];

export interface Label {
  /** Index of the region. */
  index: number;
  left: number;
  top: number;
}

export const labelHeight = 18;
const gap = 2;
/** A label may lie on a region that is this many times larger than the label. */
const largeShare = 12;

/** Returns the bounds of a region as shares of the image. Undefined: it has none, or it is a mask. */
export function boundsOf({ box, polygon, point }: RegionShape): Box | undefined {
  if (box) return box;
  if (point) return [point[0], point[1], point[0], point[1]];
  if (!polygon || polygon.length === 0) return undefined;
  const [xs, ys] = [polygon.map(([x]) => x), polygon.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/**
 * Returns the labels that fit: above, below or beside their regions, within the stage, not over other labels or small regions. Small regions are
 * first. A label that fits nowhere is left out.
 *
 * @param boxes the regions in pixels of the stage; undefined for those without a label
 * @param widths the widths of the labels in pixels
 */
export function placeLabels(boxes: readonly (Box | undefined)[], widths: readonly number[], stage: Box): Label[] {
  const order = boxes.flatMap((box, index) => (box ? [{ box, index }] : []));
  order.sort((one, other) => areaOf(one.box) - areaOf(other.box));
  const placed: { label: Label; box: Box }[] = [];
  for (const { box, index } of order) {
    const width = widths[index] ?? 0;
    if (width === 0 || !overlaps(grown(box), stage)) continue;
    const labelArea = width * labelHeight;
    const isFree = (candidate: Box) =>
      contains(stage, candidate) &&
      placed.every((other) => !overlaps(other.box, candidate)) &&
      order.every(
        (other) =>
          other.index === index || areaOf(other.box) > labelArea * largeShare || !overlaps(grown(other.box), candidate),
      );
    const found = candidatesFor(box, width).find(isFree);
    if (found) placed.push({ label: { index, left: found[0], top: found[1] }, box: found });
  }
  return placed.map(({ label }) => label);
}

/** Returns the places of a label outside its region, the best first. */
function candidatesFor([left, top, right, bottom]: Box, width: number): Box[] {
  const above = top - gap - labelHeight;
  const below = bottom + gap;
  const middle = (top + bottom - labelHeight) / 2;
  const corners: [number, number][] = [
    [left, above],
    [right - width, above],
    [left, below],
    [right - width, below],
    [right + gap, top],
    [left - gap - width, top],
    [right + gap, middle],
    [left - gap - width, middle],
    [right + gap, bottom - labelHeight],
  ];
  return corners.map(([x, y]) => [x, y, x + width, y + labelHeight]);
}

/** A point has no area, so regions are a pixel larger for comparisons. */
function grown([left, top, right, bottom]: Box): Box {
  return [left - 1, top - 1, right + 1, bottom + 1];
}

function areaOf([left, top, right, bottom]: Box): number {
  return Math.max(0, right - left) * Math.max(0, bottom - top);
}

function overlaps(one: Box, other: Box): boolean {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}

function contains(outer: Box, inner: Box): boolean {
  return inner[0] >= outer[0] && inner[1] >= outer[1] && inner[2] <= outer[2] && inner[3] <= outer[3];
}
