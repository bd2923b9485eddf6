/** The contact sheet: a card for each sampled input, with its annotations. */

import { annotationText } from "../../input/input-text.js";
import { redactUrl } from "../../redact-urls.js";
import type { SampledInput } from "../sample.js";
import type { ClassColours } from "./class-colours.js";
import { type Html, html, name } from "./html.js";
import { isDrawable, regions } from "./region-drawings.js";
import type { Thumbnail } from "./thumbnails.js";

const signs = { image: "image", video: "▶ video", audio: "♪ audio", text: "text" };

/** Most annotations that a card names because it cannot draw them. */
const maxNamed = 6;

/** Makes a card: picture or excerpt, name, state, concepts. */
export function card(input: SampledInput, thumbnail: Thumbnail | undefined, colours: ClassColours): Html {
  const { origin, state, reason, concepts, geo } = input;
  const end = Math.max(origin.lastIndexOf("/"), origin.lastIndexOf("\\")) + 1;
  const [folder, file] = end < origin.length ? [origin.slice(0, end), origin.slice(end)] : ["", origin];
  const outcome = `${state}${reason === undefined ? "" : `: ${reason}`}`;
  const more = [
    ...(folder === "" ? [] : [html`<p class="names cut">${name(folder)}</p>`]),
    ...(state === "ok" ? [] : [html`<p class="cut ${state}" title="${outcome}">${outcome}</p>`]),
    ...(concepts.length > 0 ? [html`<p class="names cut">${concepts.join(", ")}</p>`] : []),
    ...namedAnnotations(input, thumbnail),
    ...(geo ? [html`<p class="names">${geo.latitude.toFixed(4)}, ${geo.longitude.toFixed(4)}</p>`] : []),
  ];
  return html`<li class="card"><div class="look">${illustration(input, thumbnail, colours)}</div><p class="origin" title="${origin}">${name(file)}</p>${more}</li>`;
}

function illustration(input: SampledInput, thumbnail: Thumbnail | undefined, colours: ClassColours): Html {
  if (thumbnail) return picture(input, thumbnail, colours);
  const { kind, content, text, annotations } = input;
  if (kind === "text") return html`<p class="excerpt">${text?.replace(/\s+/g, " ")}</p>`;
  const address = content && "url" in content ? html`<p class="names">${redactUrl(content.url)}</p>` : undefined;
  const drawn = annotations.length > 0 ? html`<p class="names">${annotations.length} annotations</p>` : undefined;
  return html`<p class="sign">${kind === undefined ? "no content" : signs[kind]}</p>${address}${drawn}`;
}

/** Names the spans, frames and time segments of an input, and what is not drawn on its picture. */
function namedAnnotations({ annotations }: SampledInput, thumbnail: Thumbnail | undefined): Html[] {
  const named = annotations.filter((one) => {
    return (one.span ?? one.frame ?? one.timeSegment ?? one.point ?? one.mask) ? !thumbnail || !isDrawable(one) : false;
  });
  const more = named.length > maxNamed ? `, and ${named.length - maxNamed} more` : "";
  const texts = named.slice(0, maxNamed).map((one) => annotationText(one));
  return texts.length > 0 ? [html`<p class="names cut">${texts.join(", ")}${more}</p>`] : [];
}

/** Draws the image with its regions, in its own proportions. */
function picture(
  { origin, annotations }: SampledInput,
  { data, width, height }: Thumbnail,
  colours: ClassColours,
): Html {
  const drawn = regions(annotations, width, height, colours);
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${origin}"><image href="${data}" width="${width}" height="${height}"/>${drawn}</svg>`;
}
