/** The labels of the regions of an image, and the one that the pointer or the focus marks. */

import type { RegionShape } from "../../shapes.js";
import { classOf, pointRadius } from "../tiles/shapes-overlay.js";
import { type Box, boundsOf, labelHeight, placeLabels } from "./place-labels.js";
import type { Zoom } from "./zoom.js";

interface LabelsProps {
  regions: readonly RegionShape[];
  zoom: Zoom;
  /** Sizes of the whole image and of the stage, in pixels. */
  size: readonly [number, number];
  stage: readonly [number, number];
  /** Shows the labels of all regions. */
  isOn: boolean;
  /** The marked region, whose label is visible in any case. */
  marked: number | undefined;
}

const maxWidth = 180;
const padding = 12;

export function Labels({ regions, zoom, size, stage, isOn, marked }: LabelsProps) {
  const boxes = regions.map((region) => pixelBox(region, zoom, size, stage));
  const texts = regions.map(({ concepts }) => concepts.join(", "));
  const area: Box = [0, 0, stage[0], stage[1]];
  const widths = texts.map((text) => (text === "" ? 0 : Math.min(maxWidth, widthOf(text) + padding)));
  const labels = isOn ? placeLabels(boxes, widths, area) : [];
  const markedBox = marked === undefined ? undefined : boxes[marked];
  const shown = labels.filter(({ index }) => index !== marked);
  if (marked !== undefined && markedBox) {
    // Of the others, the label of the marked region takes any place outside it.
    const own = placeLabels(
      boxes.map((box, index) => (index === marked ? box : undefined)),
      widths,
      area,
    );
    shown.push(...own);
  }
  return (
    <>
      {shown.map(({ index, left, top }) => (
        <bdi
          key={index}
          class={`mark ${classOf(regions[index] as RegionShape)}`}
          style={{ left: `${left}px`, top: `${top}px`, width: `${widths[index]}px`, height: `${labelHeight}px` }}
        >
          {texts[index]}
        </bdi>
      ))}
    </>
  );
}

/** Returns the index of the smallest region at a point of the stage. */
export function regionAt(
  [x, y]: readonly [number, number],
  { regions, zoom, size, stage }: Pick<LabelsProps, "regions" | "zoom" | "size" | "stage">,
): number | undefined {
  const under = regions.flatMap((region, index) => {
    const box = pixelBox(region, zoom, size, stage);
    const margin = 3;
    const isUnder = box && x >= box[0] - margin && x <= box[2] + margin && y >= box[1] - margin && y <= box[3] + margin;
    return isUnder ? [{ index, area: (box[2] - box[0]) * (box[3] - box[1]) }] : [];
  });
  return under.sort((one, other) => one.area - other.area)[0]?.index;
}

function pixelBox(
  region: RegionShape,
  { scale, x, y }: Zoom,
  [width, height]: readonly [number, number],
  stage: readonly [number, number],
): Box | undefined {
  const box = boundsOf(region);
  if (!box) return undefined;
  const around = region.point ? Math.max(width, height) * pointRadius : 0;
  const left = stage[0] / 2 + x - (width * scale) / 2;
  const top = stage[1] / 2 + y - (height * scale) / 2;
  const across = (share: number) => left + share * width * scale;
  const down = (share: number) => top + share * height * scale;
  return [across(box[0]) - around, down(box[1]) - around, across(box[2]) + around, down(box[3]) + around];
}

const canvas = document.createElement("canvas").getContext("2d");
const widths = new Map<string, number>();

/** Returns the width of a text in the font of labels. */
function widthOf(text: string): number {
  const known = widths.get(text);
  if (known !== undefined) return known;
  if (canvas) canvas.font = '12px system-ui, "Liberation Sans", sans-serif';
  const width = Math.ceil(canvas?.measureText(text).width ?? text.length * 7);
  if (widths.size < 5000) widths.set(text, width);
  return width;
}
