/** Places labels over a picture so that they hide neither a small box nor another label. */

/** Left, top, right, bottom. */
export type Area = [left: number, top: number, right: number, bottom: number];

/** A shape that wants a label. */
export interface LabelledArea {
  area: Area;
  text: string;
}

/** Width of a character as a share of the height of a label. */
const characterShare = 0.58;
/** A box is small if a label would cover more than this share of it. */
const smallShare = 1 / 3;

/** Returns the top left corner of each label; undefined for a label that has no free place. `size` is the height of a label. */
export function placeLabels(
  shapes: readonly LabelledArea[],
  { width, height, size }: { width: number; height: number; size: number },
): ([x: number, y: number] | undefined)[] {
  const taken: Area[] = [];
  return shapes.map(({ area, text }) => {
    if (text === "") return undefined;
    const labelWidth = (text.length * characterShare + 0.5) * size;
    const labelHeight = size * 1.25;
    const small = shapes
      .map((shape) => shape.area)
      .filter((other) => sizeOf(other) * smallShare < labelWidth * labelHeight);
    const [left, top, right, bottom] = area;
    const x = Math.max(0, Math.min(left, width - labelWidth));
    const places: [number, number][] = [
      [x, top],
      [x, top - labelHeight],
      [x, bottom],
      [right, top],
      [left - labelWidth, top],
      [x, bottom - labelHeight],
    ];
    const free = places.find(([labelLeft, labelTop]) => {
      const place: Area = [labelLeft, labelTop, labelLeft + labelWidth, labelTop + labelHeight];
      const isInside = place[0] >= 0 && place[1] >= 0 && place[2] <= width + 0.5 && place[3] <= height + 0.5;
      return isInside && !small.some((other) => overlap(place, other)) && !taken.some((other) => overlap(place, other));
    });
    if (free) taken.push([free[0], free[1], free[0] + labelWidth, free[1] + labelHeight]);
    return free;
  });
}

function sizeOf([left, top, right, bottom]: Area): number {
  return (right - left) * (bottom - top);
}

function overlap(one: Area, other: Area): boolean {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}
