/** Draws regions over a picture: boxes, polygons, points and masks. */

import { hash } from "node:crypto";
import type { Annotation } from "../../input/input.js";
import { shorten } from "../../util/format/shorten.js";
import { type Html, html } from "./html.js";

/** Height of a label as a share of its card's width, whatever the size of the picture; and its most characters. */
const labelShare = 0.065;
const maxLabel = 17;

/** Whether an annotation can be drawn on a picture. A frame of a video has a picture of its own; a mask with an address is never fetched. */
export function isDrawable({ box, polygon, point, mask, frame }: Annotation): boolean {
  return frame === undefined && Boolean(box ?? polygon ?? point ?? (mask && "base64" in mask));
}

/** Draws the region of an annotation on a picture of this size, with its concepts; draws nothing if it cannot be drawn. */
export function region(annotation: Annotation, width: number, height: number): Html {
  if (!isDrawable(annotation)) return html``;
  const { box, polygon, point, mask, concepts } = annotation;
  const text = concepts.map((concept) => concept.name ?? concept.id).join(", ");
  const title = html`<title>${text}</title>`;
  const size = Math.max(width, (height * 4) / 3) * labelShare;
  if (box) {
    const [left, top, right, bottom] = box;
    const [x, y] = [left * width, top * height];
    const shape = html`<rect x="${x}" y="${y}" width="${(right - left) * width}" height="${(bottom - top) * height}">${title}</rect>`;
    return html`${shape}${label(text, x, y, size)}`;
  }
  if (point) {
    const [x, y] = [point[0] * width, point[1] * height];
    return html`<circle cx="${x}" cy="${y}" r="${size / 4}">${title}</circle>${label(text, x, y, size)}`;
  }
  if (mask && "base64" in mask) {
    // The bright pixels of the mask colour the picture.
    const id = `mask-${hash("sha1", mask.base64).slice(0, 12)}`;
    const whole = html`width="${width}" height="${height}"`;
    const pixels = html`<mask id="${id}"><image href="data:image/png;base64,${mask.base64}" ${whole} preserveAspectRatio="none"/></mask>`;
    return html`${pixels}<rect class="masked" ${whole} mask="url(#${id})">${title}</rect>${label(text, 0, 0, size)}`;
  }
  const [first] = polygon ?? [];
  if (!polygon || !first) return html``;
  const points = polygon.map(([x, y]) => `${(x * width).toFixed(1)},${(y * height).toFixed(1)}`).join(" ");
  return html`<polygon points="${points}">${title}</polygon>${label(text, first[0] * width, first[1] * height, size)}`;
}

function label(text: string, x: number, y: number, size: number): Html {
  return html`<text x="${x + size / 4}" y="${y + size}" font-size="${size}">${shorten(text, maxLabel)}</text>`;
}
