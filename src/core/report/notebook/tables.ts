/** HTML for notebooks: tables and lines that stay readable where front ends and code hosts remove styles, frames and drawings. */

import { type Html, html } from "../page/html.js";

/** The HTML of a cell, or its text. A number is aligned to the right. */
export type Cell = Html | string | number;

/** JupyterLab aligns all cells to the right unless they have a style; code hosts keep only the attribute. */
const left = html`align="left" valign="top" style="text-align: left; vertical-align: top"`;
const right = html`align="right" valign="top" style="text-align: right; vertical-align: top"`;

/** Makes a table; `head` may be empty. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  if (rows.length === 0) return html``;
  const isNumber = (column: number) => typeof rows[0]?.[column] === "number";
  const names = head.map((text, column) => html`<th ${isNumber(column) ? right : left}>${text}</th>`);
  const lines = rows.map((row) => html`<tr>${row.map((cell) => tableCell(cell))}</tr>`);
  const headPart = head.length > 0 ? html`<thead><tr>${names}</tr></thead>` : html``;
  return html`<table>${headPart}<tbody>${lines}</tbody></table>`;
}

/** Makes HTML of lines of text. */
export function preformatted(text: string): string {
  const lines = text.split("\n").map((line) => html`${line}<br>`);
  return html`<pre>${lines}</pre>`.text;
}

function tableCell(cell: Cell): Html {
  return typeof cell === "number"
    ? html`<td ${right}>${cell.toLocaleString("en")}</td>`
    : html`<td ${left}>${cell}</td>`;
}
