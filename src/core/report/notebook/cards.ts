/** Cards of inputs for notebooks: pictures with their annotations drawn into them, or excerpts, in rows of a table. */

import { annotationText } from "../../input/input-text.js";
import { shorten } from "../../util/format/shorten.js";
import { type Html, html, name } from "../page/html.js";
import { isDrawable, region } from "../page/region-drawings.js";
import { type Thumbnail, thumbnailOf } from "../page/thumbnails.js";
import type { SampledInput } from "../sample.js";
import { table } from "./tables.js";

/** Longest side of a picture, in pixels. */
const maxSide = 160;
const columns = 4;
const maxExcerpt = 160;
/** Most annotations that a card names. */
const maxNamed = 6;

/** Labels are below the picture, since a picture cannot rely on fonts. */
const style = html`<style>rect, polygon { fill: none; stroke: #ffd400; stroke-width: 2 } circle { fill: #ffd400; stroke: #000; stroke-width: 2 } rect.masked { fill: #ffd400; fill-opacity: .55; stroke: none } text { display: none }</style>`;

/** Makes a table with a card for each input, and makes one picture at a time. */
export async function cardTable(inputs: readonly SampledInput[]): Promise<Html> {
  const rows: Html[][] = [];
  for (const [index, input] of inputs.entries()) {
    if (index % columns === 0) rows.push([]);
    rows.at(-1)?.push(card(input, await pictureOf(input)));
  }
  return table([], rows);
}

function card(input: SampledInput, picture: Thumbnail | undefined): Html {
  const { origin, state, reason, concepts, annotations, geo } = input;
  const file = origin.slice(Math.max(origin.lastIndexOf("/"), origin.lastIndexOf("\\")) + 1) || origin;
  const named = annotations.slice(0, maxNamed).map((one) => annotationText(one));
  if (annotations.length > maxNamed) named.push(`and ${annotations.length - maxNamed} more`);
  const lines = [
    ...(state === "ok" ? [] : [`${state}${reason === undefined ? "" : `: ${reason}`}`]),
    ...(concepts.length > 0 ? [concepts.join(", ")] : []),
    ...(named.length > 0 ? [named.join(", ")] : []),
    ...(geo ? [`${geo.latitude.toFixed(4)}, ${geo.longitude.toFixed(4)}`] : []),
  ].map((line) => html`<br><small>${line}</small>`);
  return html`${illustration(input, picture)}<br><b>${name(file)}</b>${lines}`;
}

function illustration({ origin, kind, text }: SampledInput, picture: Thumbnail | undefined): Html {
  if (picture)
    return html`<img src="${picture.data}" width="${picture.width}" height="${picture.height}" alt="${origin}">`;
  if (kind === "text") return html`<i>${shorten(text?.replace(/\s+/g, " ") ?? "", maxExcerpt)}</i>`;
  return html`<i>${kind ?? "no content"}</i>`;
}

/** Makes a small picture with the annotations; undefined if the input has no picture. WebP keeps notebooks small. */
async function pictureOf(input: SampledInput): Promise<Thumbnail | undefined> {
  const picture = await thumbnailOf(input, maxSide);
  if (!picture) return undefined;
  const { data, width, height } = picture;
  const shapes = input.annotations.filter(isDrawable).map((annotation) => region(annotation, width, height));
  const drawing = html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${style}${shapes}</svg>`;
  try {
    const { default: sharp } = await import("sharp");
    const plain = sharp(Buffer.from(data.slice(data.indexOf(",") + 1), "base64"));
    const drawn = shapes.length > 0 ? plain.composite([{ input: Buffer.from(drawing.text) }]) : plain;
    const bytes = await drawn.webp({ quality: 50 }).toBuffer();
    return { data: `data:image/webp;base64,${bytes.toString("base64")}`, width, height };
  } catch {
    return picture; // the card still names the annotations
  }
}
