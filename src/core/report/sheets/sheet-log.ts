/** Sheets: the rows that transforms add to the report. Their memory is bounded. */

import type { SheetRow } from "../../accounting/accounting.js";
import type { Content } from "../../input/input.js";
import { shorten } from "../../util/format/shorten.js";

/** A row of a sheet. */
export interface ReportRow {
  origin: string;
  text: string;
  /** Names of the pictures beside the text. */
  pictures: readonly string[];
}

/** The rows of one transform. */
export interface ReportSheet {
  /** Name of the transform. */
  stage: string;
  /** All rows that it added. */
  count: number;
  /** The first 200 of them. */
  rows: readonly ReportRow[];
}

const maxRows = 200;
const maxPictures = 4;
const maxSheets = 20;
const maxTextLength = 1000;
/** Maximum bytes in memory of the pictures of all sheets together. Later pictures are left out; files take none. */
const maxBytes = 16_000_000;

/** Collects the rows of a run. */
export class SheetLog {
  readonly #sheets = new Map<string, { stage: string; count: number; rows: ReportRow[] }>();
  readonly #contents = new WeakMap<ReportRow, (Content | undefined)[]>();
  #bytes = 0;

  get list(): readonly ReportSheet[] {
    return [...this.#sheets.values()];
  }

  add(stage: string, origin: string, { text, pictures = [] }: SheetRow): void {
    const sheet = this.#sheets.get(stage) ?? { stage, count: 0, rows: [] };
    if (sheet.count === 0 && this.#sheets.size < maxSheets) this.#sheets.set(stage, sheet);
    sheet.count += 1;
    if (sheet.count > maxRows) return;
    const shown = pictures.slice(0, maxPictures);
    const row = {
      origin: shorten(origin, maxTextLength),
      text: shorten(text, maxTextLength),
      pictures: shown.map(({ name }) => shorten(name, maxTextLength)),
    };
    sheet.rows.push(row);
    this.#contents.set(
      row,
      shown.map(({ content }) => this.#counted(content)),
    );
  }

  /** The contents of the pictures of a row, in their order. */
  contentsOf(row: ReportRow): readonly (Content | undefined)[] {
    return this.#contents.get(row) ?? [];
  }

  #counted(content: Content | undefined): Content | undefined {
    const bytes = content && "bytes" in content ? content.bytes.byteLength : 0;
    if (this.#bytes + bytes > maxBytes) return undefined;
    this.#bytes += bytes;
    return content;
  }
}
