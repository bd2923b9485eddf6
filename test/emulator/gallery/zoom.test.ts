/** The places of labels, and the arithmetic of zooming. */

import { describe, expect, it } from "vitest";
import { type Box, labelHeight, placeLabels } from "../../../src/emulator/gallery/page/zoom/place-labels.js";
import { limited, whole, zoomedAt } from "../../../src/emulator/gallery/page/zoom/zoom.js";

const stage: Box = [0, 0, 400, 300];

/** Returns the boxes of the labels, by region. */
function labelsOf(boxes: Box[], width = 40): Map<number, Box> {
  const labels = placeLabels(
    boxes,
    boxes.map(() => width),
    stage,
  );
  return new Map(labels.map(({ index, left, top }) => [index, [left, top, left + width, top + labelHeight]]));
}

function isApart(one: Box, other: Box): boolean {
  return one[2] <= other[0] || other[2] <= one[0] || one[3] <= other[1] || other[3] <= one[1];
}

describe("labels of regions", () => {
  it("lie outside their region and inside the stage, at each edge", () => {
    for (const box of [
      [100, 100, 160, 160],
      [0, 0, 30, 30],
      [370, 270, 400, 300],
      [0, 0, 200, 300],
    ] as Box[]) {
      const label = labelsOf([box]).get(0) as Box;
      expect(isApart(label, box), String(box)).toBe(true);
      expect(label[0] >= 0 && label[1] >= 0 && label[2] <= 400 && label[3] <= 300, String(box)).toBe(true);
    }
  });

  it("are left out where no place is free", () => {
    expect(labelsOf([[0, 0, 400, 300]]).size).toBe(0);
  });

  it("never lie over another label or a small region", () => {
    const boxes = Array.from({ length: 60 }, (_, n): Box => {
      const [x, y] = [(n * 67) % 380, (n * 41) % 280];
      return [x, y, x + 12, y + 12];
    });
    const labels = labelsOf(boxes);
    expect(labels.size).toBeGreaterThan(5);
    for (const [index, label] of labels) {
      for (const box of boxes) expect(isApart(label, box), `label ${index}`).toBe(true);
      for (const [other, placed] of labels) if (other !== index) expect(isApart(label, placed)).toBe(true);
    }
  });

  it("may lie inside a much larger region", () => {
    const labels = labelsOf([
      [0, 0, 400, 300],
      [200, 150, 210, 160],
    ]);
    expect([...labels.keys()]).toEqual([1]);
  });
});

describe("zooming", () => {
  const size = [400, 300] as const;

  it("keeps the point under the pointer", () => {
    const zoom = zoomedAt(whole, 2, [100, 50], size);
    expect(zoom).toEqual({ scale: 2, x: -100, y: -50 });
    const again = zoomedAt(zoom, 1.5, [100, 50], size);
    expect([(100 - again.x) / again.scale, (50 - again.y) / again.scale]).toEqual([100, 50]);
  });

  it("never shows less than the whole image, nor only its surroundings", () => {
    expect(zoomedAt(whole, 0.5, [0, 0], size)).toEqual(whole);
    expect(limited({ scale: 2, x: 1000, y: -1000 }, size)).toEqual({ scale: 2, x: 200, y: -150 });
  });
});
