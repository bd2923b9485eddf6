/** Notebooks: pages in a frame of their own, which keeps their style in and runs nothing. */

import type { Input } from "../input/input.js";
import { type Html, html } from "./html.js";
import { documentOf, type Facts, pageOf } from "./page.js";
import { type Sample, sampled } from "./sample.js";
import { card } from "./sheet.js";
import { thumbnailOf } from "./thumbnails.js";

/** Most cards of one cell. */
const maxCards = 100;

/** The page of a report. */
export async function framedReport(report: Facts, sample: Sample): Promise<string> {
  return framed(await pageOf(report, sample), 640);
}

/** Inputs as cards, with what is drawn on them. */
export async function framedSheet(inputs: readonly Input[]): Promise<string> {
  const cards: Html[] = [];
  for (const input of inputs.slice(0, maxCards)) {
    const looked = sampled(input, input.id, { state: "ok" });
    cards.push(card(looked, await thumbnailOf(looked)));
  }
  return framed(documentOf("inputs", [html`<ul class="sheet">${cards}</ul>`]), inputs.length > 5 ? 480 : 260);
}

/** Lines of text as they are. */
export function preformatted(text: string): string {
  const lines = text.split("\n").map((line) => html`${line}<br>`);
  return html`<pre>${lines}</pre>`.text;
}

/** An attribute takes the page escaped once more. */
function framed(page: string, height: number): string {
  const escaped = page.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return `<iframe sandbox="" srcdoc="${escaped}" width="100%" height="${height}" frameborder="0"></iframe>`;
}
