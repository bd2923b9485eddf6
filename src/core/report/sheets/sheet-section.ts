/** The sheets of transforms on the page of a report. */

import { countText } from "../../util/format/format.js";
import { type Html, html, name } from "../page/html.js";
import { thumbnailOf } from "../page/thumbnails.js";
import type { ReportRow, ReportSheet, SheetLog } from "./sheet-log.js";

/** A part of the page. */
export interface SheetSection {
  title: string;
  parts: Html[];
}

/** Makes the sections, one image in memory at a time. */
export async function sheetSections(sheets: readonly ReportSheet[], log: SheetLog): Promise<SheetSection[]> {
  const sections: SheetSection[] = [];
  for (const { stage, count, rows } of sheets) {
    const parts: Html[] = [];
    for (const row of rows) parts.push(await rowPart(row, log));
    const more = count - rows.length;
    if (more > 0) parts.push(html`<p class="soft">… and ${countText(more)} more</p>`);
    sections.push({ title: `${stage}: ${countText(count)}`, parts });
  }
  return sections;
}

async function rowPart(row: ReportRow, log: SheetLog): Promise<Html> {
  const contents = log.contentsOf(row);
  const figures: Html[] = [];
  for (const [index, label] of row.pictures.entries()) {
    const content = contents[index];
    const thumbnail = content && (await thumbnailOf({ kind: "image", content }));
    const picture = thumbnail
      ? html`<img src="${thumbnail.data}" width="${thumbnail.width}" height="${thumbnail.height}" alt="">`
      : html`<span class="sign">no picture</span>`;
    figures.push(html`<li class="card"><div class="look">${picture}</div><p class="origin">${name(label)}</p></li>`);
  }
  const pictures = figures.length > 0 ? html`<ul class="sheet">${figures}</ul>` : html``;
  return html`<div class="group"><p><b>${name(row.origin)}</b> ${row.text}</p>${pictures}</div>`;
}
