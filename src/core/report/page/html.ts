/** Safe HTML: templates escape every value that is not `Html`. */

import { printable } from "../../util/format/format.js";

/** A text that is HTML and needs no escaping. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = string | number | Html | undefined | readonly Html[];

/** Makes HTML of a template. Escapes texts, and makes invisible characters and those that change the direction visible. */
export function html(template: TemplateStringsArray, ...values: Value[]): Html {
  const parts = template.map((part, index) => part + textOf(index < values.length ? values[index] : undefined));
  return new Html(parts.join(""));
}

/** Formats a name or path: it keeps its own direction, and lines break between its parts. */
export function name(text: string): Html {
  const parts = text.split(/(?<=[/\\_-])/).map((part) => html`${part}<wbr>`);
  return html`<bdi>${parts}</bdi>`;
}

function textOf(value: Value): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "number") return String(Math.round(value * 100) / 100);
  if (typeof value === "string") return escaped(value);
  return value.map(({ text }) => text).join("");
}

function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return printable(text).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
