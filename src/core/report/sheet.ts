/** The contact sheet: a card for each sampled input, with what is drawn on it. */

import type { Annotation } from "../input.js";
import { type Html, html } from "./html.js";
import type { SampledInput } from "./sample.js";
import type { Thumbnail } from "./thumbnails.js";

const signs = { image: "image", video: "▶ video", audio: "♪ audio", text: "text" };

/** One card: picture or excerpt, name, state, concepts. */
export function card(input: SampledInput, thumbnail: Thumbnail | undefined): Html {
  const { origin, state, reason, concepts, geo } = input;
  const more = [
    ...(state === "ok" ? [] : [html`<p class="${state}">${state}${reason === undefined ? "" : `: ${reason}`}</p>`]),
    ...(concepts.length > 0 ? [html`<p class="names">${concepts.join(", ")}</p>`] : []),
    ...(geo ? [html`<p class="names">${geo.latitude.toFixed(4)}, ${geo.longitude.toFixed(4)}</p>`] : []),
  ];
  return html`<li class="card"><div class="look">${look(input, thumbnail)}</div><p class="origin">${origin}</p>${more}</li>`;
}

function look(input: SampledInput, thumbnail: Thumbnail | undefined): Html {
  if (thumbnail) return picture(input, thumbnail);
  const { kind, content, text, annotations } = input;
  if (kind === "text") return html`<p class="excerpt">${text?.replace(/\s+/g, " ")}</p>`;
  const address = content && "url" in content ? html`<p class="names">${content.url}</p>` : undefined;
  const drawn = annotations.length > 0 ? html`<p class="names">${annotations.length} annotations</p>` : undefined;
  return html`<p class="sign">${kind === undefined ? "no content" : signs[kind]}</p>${address}${drawn}`;
}

/** The image with its boxes and polygons, in its own proportions. */
function picture({ origin, annotations }: SampledInput, { data, width, height }: Thumbnail): Html {
  const drawn = annotations.map((annotation) => region(annotation, width, height));
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${origin}"><image href="${data}" width="${width}" height="${height}"/>${drawn}</svg>`;
}

function region({ box, polygon, concepts }: Annotation, width: number, height: number): Html {
  const name = concepts.map((concept) => concept.name ?? concept.id).join(", ");
  const title = html`<title>${name}</title>`;
  if (box) {
    const [left, top, right, bottom] = box;
    const [x, y] = [left * width, top * height];
    const shape = html`<rect x="${x}" y="${y}" width="${(right - left) * width}" height="${(bottom - top) * height}">${title}</rect>`;
    return html`${shape}${label(name, x, y)}`;
  }
  const [first] = polygon ?? [];
  if (!polygon || !first) return html``;
  const points = polygon.map(([x, y]) => `${(x * width).toFixed(1)},${(y * height).toFixed(1)}`).join(" ");
  return html`<polygon points="${points}">${title}</polygon>${label(name, first[0] * width, first[1] * height)}`;
}

function label(name: string, x: number, y: number): Html {
  return html`<text x="${x + 3}" y="${Math.max(y + 13, 13)}">${name.length > 24 ? `${name.slice(0, 23)}…` : name}</text>`;
}
