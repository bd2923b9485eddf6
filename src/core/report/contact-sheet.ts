/** The contact sheet: a card for each sampled input, with its annotations. */

import type { Annotation } from "../input/input.js";
import { redactUrl } from "../redact-urls.js";
import { shorten } from "../util/shorten.js";
import { type Html, html, name } from "./html.js";
import type { SampledInput } from "./sample.js";
import type { Thumbnail } from "./thumbnails.js";

const signs = { image: "image", video: "▶ video", audio: "♪ audio", text: "text" };

/** Height of a label as a share of its card's width, whatever the size of the picture; and its most characters. */
const labelShare = 0.065;
const maxLabel = 17;

/** Makes a card: picture or excerpt, name, state, concepts. */
export function card(input: SampledInput, thumbnail: Thumbnail | undefined): Html {
  const { origin, state, reason, concepts, geo } = input;
  const end = Math.max(origin.lastIndexOf("/"), origin.lastIndexOf("\\")) + 1;
  const [folder, file] = end < origin.length ? [origin.slice(0, end), origin.slice(end)] : ["", origin];
  const outcome = `${state}${reason === undefined ? "" : `: ${reason}`}`;
  const more = [
    ...(folder === "" ? [] : [html`<p class="names cut">${name(folder)}</p>`]),
    ...(state === "ok" ? [] : [html`<p class="cut ${state}" title="${outcome}">${outcome}</p>`]),
    ...(concepts.length > 0 ? [html`<p class="names cut">${concepts.join(", ")}</p>`] : []),
    ...(geo ? [html`<p class="names">${geo.latitude.toFixed(4)}, ${geo.longitude.toFixed(4)}</p>`] : []),
  ];
  return html`<li class="card"><div class="look">${illustration(input, thumbnail)}</div><p class="origin" title="${origin}">${name(file)}</p>${more}</li>`;
}

function illustration(input: SampledInput, thumbnail: Thumbnail | undefined): Html {
  if (thumbnail) return picture(input, thumbnail);
  const { kind, content, text, annotations } = input;
  if (kind === "text") return html`<p class="excerpt">${text?.replace(/\s+/g, " ")}</p>`;
  const address = content && "url" in content ? html`<p class="names">${redactUrl(content.url)}</p>` : undefined;
  const drawn = annotations.length > 0 ? html`<p class="names">${annotations.length} annotations</p>` : undefined;
  return html`<p class="sign">${kind === undefined ? "no content" : signs[kind]}</p>${address}${drawn}`;
}

/** Draws the image with its boxes and polygons, in its own proportions. */
function picture({ origin, annotations }: SampledInput, { data, width, height }: Thumbnail): Html {
  const drawn = annotations.map((annotation) => region(annotation, width, height));
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${origin}"><image href="${data}" width="${width}" height="${height}"/>${drawn}</svg>`;
}

function region({ box, polygon, concepts }: Annotation, width: number, height: number): Html {
  const text = concepts.map((concept) => concept.name ?? concept.id).join(", ");
  const title = html`<title>${text}</title>`;
  const size = Math.max(width, (height * 4) / 3) * labelShare;
  if (box) {
    const [left, top, right, bottom] = box;
    const [x, y] = [left * width, top * height];
    const shape = html`<rect x="${x}" y="${y}" width="${(right - left) * width}" height="${(bottom - top) * height}">${title}</rect>`;
    return html`${shape}${label(text, x, y, size)}`;
  }
  const [first] = polygon ?? [];
  if (!polygon || !first) return html``;
  const points = polygon.map(([x, y]) => `${(x * width).toFixed(1)},${(y * height).toFixed(1)}`).join(" ");
  return html`<polygon points="${points}">${title}</polygon>${label(text, first[0] * width, first[1] * height, size)}`;
}

function label(text: string, x: number, y: number, size: number): Html {
  return html`<text x="${x + size / 4}" y="${y + size}" font-size="${size}">${shorten(text, maxLabel)}</text>`;
}
