/** Tables of the inputs by kind, class and dataset. */

import { counted, countText } from "../../util/format/format.js";
import type { ReportTallies, Tally } from "../tallies.js";
import { type Html, html, name } from "./html.js";

/** Maximum number of rows of a table; further rows are counted. */
const maxRows = 25;

/** Makes a table for each list that has rows. */
export function tallyParts({ kinds, classes, datasets }: ReportTallies): Html[] {
  const tables = [table("Kind", kinds), table("Class", classes), table("Dataset", datasets)];
  const shown = tables.filter((one) => one !== undefined);
  return shown.length === 0 ? [] : [html`<div class="tallies">${shown}</div>`];
}

function table(title: string, tallies: readonly Tally[]): Html | undefined {
  if (tallies.length === 0) return undefined;
  const most = Math.max(...tallies.map(({ inputs }) => inputs));
  const hasAnnotations = tallies.some(({ annotations }) => annotations !== undefined);
  const heads = [title, "inputs", "ok", ...(hasAnnotations ? ["annotations"] : [])].map(
    (head) => html`<th>${head}</th>`,
  );
  const rows = tallies.slice(0, maxRows).map(({ name: label, inputs, ok, annotations = 0 }) => {
    const bar = html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="all" width="${(inputs / most) * 100}" height="4"/><rect width="${(ok / most) * 100}" height="4"/></svg>`;
    const cells = [inputs, ok, ...(hasAnnotations ? [annotations] : [])].map(
      (count) => html`<td>${countText(count)}</td>`,
    );
    return html`<tr><th>${name(label)}${bar}</th>${cells}</tr>`;
  });
  const more = tallies.length - rows.length;
  const rest = more > 0 ? html`<p class="soft">… and ${counted(more, "more row")}</p>` : html``;
  return html`<div><table><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table>${rest}</div>`;
}
