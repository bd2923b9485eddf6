/** HTML for notebooks: tables and lines that stay readable where front ends and code hosts remove styles, frames and drawings. */

import { countText } from "../../util/format/format.js";
import { type Html, html } from "../page/html.js";

/** The HTML of a cell, or its text. A number is aligned to the right. */
export type Cell = Html | string | number;

/** Makes a table; `head` may be empty. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  if (rows.length === 0) return html``;
  const names = head.map((text, column) => tableCell("th", text, typeof rows[0]?.[column] === "number"));
  const lines = rows.map((row) => html`<tr>${row.map((cell) => tableCell("td", cell, typeof cell === "number"))}</tr>`);
  const headPart = head.length > 0 ? html`<thead><tr>${names}</tr></thead>` : html``;
  return html`<table>${headPart}<tbody>${lines}</tbody></table>`;
}

/** Makes HTML of lines of text. */
export function preformatted(text: string): string {
  const lines = text.split("\n").map((line) => html`${line}<br>`);
  return html`<pre>${lines}</pre>`.text;
}

/** Front ends align all cells to the right, and remove the styles of saved notebooks. They keep the attribute of an element inside. */
function tableCell(tag: "td" | "th", cell: Cell, isNumber: boolean): Html {
  const text = typeof cell === "number" ? countText(cell) : cell;
  const inside = html`<div align="${isNumber ? "right" : "left"}">${text}</div>`;
  return tag === "th" ? html`<th>${inside}</th>` : html`<td valign="top" style="vertical-align: top">${inside}</td>`;
}
