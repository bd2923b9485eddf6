/** HTML that is safe by construction: what is put into a template is text, unless it is HTML of this kind. */

import { printable } from "../util/format.js";

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = string | number | Html | undefined | readonly Html[];

/** Makes HTML of a template. Texts are escaped, and characters that turn the direction or do nothing visible are shown. */
export function html(template: TemplateStringsArray, ...values: Value[]): Html {
  const parts = template.map((part, index) => part + textOf(index < values.length ? values[index] : undefined));
  return new Html(parts.join(""));
}

/** A name or path that keeps its own direction, and breaks where its parts end. */
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
