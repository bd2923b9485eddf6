/** Draws regions over a picture: boxes, polygons, points and masks, in the colours of their classes. */

import { hash } from "node:crypto";
import type { Annotation } from "../../input/input.js";
import { shorten } from "../../util/format/shorten.js";
import { type ClassColours, classOf } from "./class-colours.js";
import { type Html, html } from "./html.js";
import { type Area, placeLabels } from "./labels.js";

/** Height of a label as a share of its card's width, whatever the size of the picture; and its most characters. */
const labelShare = 0.065;
const maxLabel = 17;

interface Picture {
  width: number;
  height: number;
  /** Height of a label. */
  size: number;
}

/** Whether an annotation can be drawn on a picture. A frame of a video has a picture of its own; a mask with an address is never fetched. */
export function isDrawable({ box, polygon, point, mask, frame }: Annotation): boolean {
  return frame === undefined && Boolean(box ?? polygon ?? point ?? (mask && "base64" in mask));
}

/** Draws the annotations of a picture of this size, and the labels that hide nothing. Leaves out annotations that cannot be drawn. */
export function regions(
  annotations: readonly Annotation[],
  width: number,
  height: number,
  colours: ClassColours,
): Html[] {
  const picture = { width, height, size: Math.max(width, (height * 4) / 3) * labelShare };
  const drawable = annotations.filter(isDrawable);
  const labels = drawable.map((annotation) => ({ area: areaOf(annotation, picture), text: labelOf(annotation) }));
  const places = placeLabels(labels, picture);
  const shapes = drawable.map((annotation) => {
    const colour = colours.of(classOf(annotation));
    return html`<g stroke="${colour}" fill="${colour}">${shapeOf(annotation, picture)}</g>`;
  });
  const texts = drawable.map((annotation, index) => {
    const place = places[index];
    if (!place) return html``;
    const { size } = picture;
    return html`<text x="${place[0] + size / 4}" y="${place[1] + size}" font-size="${size}" fill="${colours.of(classOf(annotation))}">${labels[index]?.text}</text>`;
  });
  return [...shapes, ...texts];
}

function labelOf(annotation: Annotation): string {
  return shorten(textOf(annotation), maxLabel);
}

function textOf({ concepts }: Annotation): string {
  return concepts.map((concept) => concept.name ?? concept.id).join(", ");
}

/** Returns the smallest area of the picture that contains the region. */
function areaOf({ box, polygon, point }: Annotation, { width, height, size }: Picture): Area {
  if (box) return [box[0] * width, box[1] * height, box[2] * width, box[3] * height];
  if (point) {
    const [x, y] = [point[0] * width, point[1] * height];
    return [x - size / 4, y - size / 4, x + size / 4, y + size / 4];
  }
  if (!polygon) return [0, 0, width, height];
  const [across, down] = [polygon.map(([x]) => x * width), polygon.map(([, y]) => y * height)];
  return [Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down)];
}

function shapeOf(annotation: Annotation, { width, height, size }: Picture): Html {
  const { box, polygon, point, mask } = annotation;
  const title = html`<title>${textOf(annotation)}</title>`;
  if (box) {
    const [left, top, right, bottom] = box;
    return html`<rect x="${left * width}" y="${top * height}" width="${(right - left) * width}" height="${(bottom - top) * height}">${title}</rect>`;
  }
  if (point) return html`<circle cx="${point[0] * width}" cy="${point[1] * height}" r="${size / 4}">${title}</circle>`;
  if (mask && "base64" in mask) {
    // The bright pixels of the mask colour the picture.
    const id = `mask-${hash("sha1", mask.base64).slice(0, 12)}`;
    const whole = html`width="${width}" height="${height}"`;
    const pixels = html`<mask id="${id}"><image href="data:image/png;base64,${mask.base64}" ${whole} preserveAspectRatio="none"/></mask>`;
    return html`${pixels}<rect class="masked" ${whole} mask="url(#${id})">${title}</rect>`;
  }
  const points = (polygon ?? []).map(([x, y]) => `${(x * width).toFixed(1)},${(y * height).toFixed(1)}`).join(" ");
  return html`<polygon points="${points}">${title}</polygon>`;
}
