/** Notebooks: puts pages into a frame of their own, which isolates their style and runs no scripts. */

import type { Input } from "../input/input.js";
import { ClassColours } from "./page/class-colours.js";
import { card } from "./page/contact-sheet.js";
import type { Facts } from "./page/facts.js";
import { type Html, html } from "./page/html.js";
import { documentOf, pageOf } from "./page/page.js";
import { thumbnailOf } from "./page/thumbnails.js";
import { type Sample, sampleOf } from "./sample.js";

/** Maximum number of cards of one cell. */
const maxCards = 100;

/** Makes the page of a report, in a frame. */
export async function framedReport(report: Facts, sample: Sample): Promise<string> {
  return framed(await pageOf(report, sample), 640);
}

/** Makes a page with cards of inputs and their annotations, in a frame. */
export async function framedSheet(inputs: readonly Input[]): Promise<string> {
  const cards: Html[] = [];
  const samples = inputs.slice(0, maxCards).map((input) => sampleOf(input, input.id, { state: "ok" }));
  const colours = new ClassColours(samples);
  for (const sample of samples) cards.push(card(sample, await thumbnailOf(sample), colours));
  return framed(
    documentOf("inputs", [html`${colours.legend}<ul class="sheet">${cards}</ul>`]),
    inputs.length > 5 ? 480 : 260,
  );
}

/** Makes HTML of lines of text. */
export function preformatted(text: string): string {
  const lines = text.split("\n").map((line) => html`${line}<br>`);
  return html`<pre>${lines}</pre>`.text;
}

/** Puts a page into a frame. The attribute `srcdoc` needs the page escaped. */
function framed(page: string, height: number): string {
  const escaped = page.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return `<iframe sandbox="" srcdoc="${escaped}" width="100%" height="${height}" frameborder="0"></iframe>`;
}
