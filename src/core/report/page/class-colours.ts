/** Colours of classes: one colour for a class on the whole page. */

import type { Annotation } from "../../input/input.js";
import type { SampledInput } from "../sample.js";
import { type Html, html } from "./html.js";

/** Bright colours that differ in hue and lightness, for shapes with a dark edge over pictures. */
const palette = [
  "#ffd23f",
  "#5fe3ff",
  "#ff6b9a",
  "#9dff7a",
  "#ff9a3d",
  "#c59bff",
  "#3dffd0",
  "#ffffff",
  "#ff5f4a",
  "#6ea8ff",
  "#d8c39a",
  "#e4ff3d",
];
/** Most classes in a legend. */
const maxLegend = 24;

/** The class of an annotation: its first concept. */
export function classOf({ concepts }: Pick<Annotation, "concepts">): string {
  const [concept] = concepts;
  return concept ? (concept.name ?? concept.id) : "";
}

/** Gives each class of drawn annotations its colour. The most frequent classes have different ones. */
export class ClassColours {
  readonly #colours = new Map<string, string>();

  constructor(inputs: readonly Pick<SampledInput, "annotations">[]) {
    const counts = new Map<string, number>();
    for (const annotation of inputs.flatMap(({ annotations }) => annotations)) {
      const name = classOf(annotation);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const names = [...counts].sort(([, one], [, other]) => other - one).map(([name]) => name);
    for (const [index, name] of names.entries()) this.#colours.set(name, palette[index % palette.length] ?? "");
  }

  of(name: string): string {
    return this.#colours.get(name) ?? palette[0] ?? "";
  }

  /** Makes the legend; undefined if no annotation has a class. */
  get legend(): Html | undefined {
    const named = [...this.#colours].filter(([name]) => name !== "");
    if (named.length === 0) return undefined;
    const items = named.slice(0, maxLegend).map(([name, colour]) => html`<li>${swatch(colour)}${name}</li>`);
    const more = named.length > maxLegend ? html`<li class="soft">… and ${named.length - maxLegend} more</li>` : html``;
    return html`<ul class="legend">${items}${more}</ul>`;
  }
}

function swatch(colour: string): Html {
  return html`<svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" rx="2" fill="${colour}"/></svg>`;
}
