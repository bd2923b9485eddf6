/** The output of `sluice list`: lines of a table, ids, JSON, or counts. */

import type { App } from "../../clarifai/client/app.js";
import { sizeOf } from "../../clarifai/listing/sizes.js";
import { FlowError } from "../../core/errors.js";
import { fieldNames } from "../../core/input/fields/fields.js";
import { type Input, kindOf } from "../../core/input/input.js";
import { bytesText, counted, countText, printable } from "../../core/util/format/format.js";
import { print } from "../common/output.js";
import { statusWord } from "../filters/filter-values.js";
import { annotationCells } from "./annotation-lines.js";
import { type CountField, Counts } from "./counts.js";

/** The fields of `--json`: the fields of an input, and values derived from them. */
export const fields = [...fieldNames, "kind", "filename", "sizeBytes"] as const;
export type Field = (typeof fields)[number];

export type Form = "table" | "long" | "ids" | "json" | "count" | "annotations";

export interface ListingOptions {
  form: Form;
  /** Fields of the JSON. Default: all of the input. */
  fields?: readonly Field[] | undefined;
  /** Fields by which inputs are counted. Default: only the total, by kind. */
  countBy?: readonly CountField[] | undefined;
  /** Whether a table has headers and a total. */
  headers: boolean;
}

const annotationHeadings = ["INPUT", "ANNOTATION", "TYPE", "STATUS", "CONCEPTS"] as const;
const headings = ["ID", "KIND", "STATUS", "ADDED", "CONCEPTS"] as const;

/** Prints inputs one by one, and their number at the end. */
export class Listing {
  readonly #app: App;
  readonly #options: ListingOptions;
  readonly #kinds = new Map<string, number>();
  readonly #counts: Counts | undefined;
  #count = 0;
  #annotations = 0;
  #bytes = 0;
  #unknownSizes = 0;

  constructor(app: App, options: ListingOptions) {
    this.#app = app;
    this.#options = options;
    this.#counts = options.countBy && new Counts(options.countBy);
  }

  /** Prints an input. */
  async add(input: Input, signal: AbortSignal): Promise<void> {
    const { form } = this.#options;
    const kind = kindOf(input) ?? "none";
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    this.#count += 1;
    this.#counts?.add(input);
    if (form === "count") return;
    if (form === "annotations") return this.#printAnnotations(input);
    if (form === "ids") return print(printable(input.id));
    if (form === "json") return print(await this.#json(input, signal));
    const isFirst = this.#count === 1;
    if (form === "table") {
      if (isFirst && this.#options.headers) await print(lineOf(headings));
      return print(lineOf(cellsOf(input)));
    }
    const size = await this.#sizeOf(input, signal);
    if (isFirst && this.#options.headers)
      await print(lineOf([...headings.slice(0, 3), "SIZE", ...headings.slice(3), "FILE"], longWidths));
    const [id, name, status, ...rest] = cellsOf(input);
    const sizeCell = size === undefined ? "-" : bytesText(size);
    return print(lineOf([id, name, status, sizeCell, ...rest, fileNameOf(input) ?? "-"], longWidths));
  }

  /** Prints the total of a table, or the counts. */
  async end(): Promise<void> {
    const { form, headers } = this.#options;
    const kinds = [...this.#kinds].map(([kind, count]) => `${kind} ${countText(count)}`).join(", ");
    if (this.#counts) {
      for (const line of this.#counts.lines(headers)) await print(printable(line));
      return;
    }
    if (form === "count") return print(`${counted(this.#count, "input")}${kinds === "" ? "" : `: ${kinds}`}`);
    if (!headers || this.#count === 0 || form === "ids" || form === "json") return;
    const unknown = this.#unknownSizes === 0 ? "" : ` and ${this.#unknownSizes} of unknown size`;
    const annotations = form === "annotations" ? `, ${counted(this.#annotations, "annotation")}` : "";
    const bytes = form === "long" ? `, ${bytesText(this.#bytes)}${unknown}` : "";
    process.stderr.write(`${counted(this.#count, "input")}: ${kinds}${annotations}${bytes}\n`);
  }

  async #printAnnotations(input: Input): Promise<void> {
    for (const annotation of input.annotations) {
      if (this.#annotations === 0 && this.#options.headers) await print(lineOf(annotationHeadings, annotationWidths));
      this.#annotations += 1;
      await print(lineOf([input.id, ...annotationCells(annotation)], annotationWidths));
    }
  }

  async #json(input: Input, signal: AbortSignal): Promise<string> {
    const { fields: chosen } = this.#options;
    if (!chosen) return JSON.stringify(input);
    const values: Record<string, unknown> = {};
    for (const field of chosen) {
      if (field === "kind") values[field] = kindOf(input) ?? null;
      else if (field === "filename") values[field] = fileNameOf(input) ?? null;
      else if (field === "sizeBytes") values[field] = (await this.#sizeOf(input, signal)) ?? null;
      else values[field] = input[field] ?? null;
    }
    return JSON.stringify(values);
  }

  /** Returns the size of a content, and adds it to the total. A size that the server does not say does not fail the list. */
  async #sizeOf(input: Input, signal: AbortSignal): Promise<number | undefined> {
    const size = await sizeOf(input, (url) => this.#app.authorize(url), signal).catch((error: unknown) => {
      if (error instanceof FlowError) return undefined;
      throw error;
    });
    if (size === undefined) this.#unknownSizes += 1;
    else this.#bytes += size;
    return size;
  }
}

function cellsOf(input: Input): readonly string[] {
  const { id, status, createdAt = "", concepts } = input;
  const names = concepts.map((concept) => concept.name ?? concept.id).join(", ");
  return [id, kindOf(input) ?? "text", status ? statusText(status.code) : "-", createdAt.slice(0, 19), names];
}

/** Names a status as the option `--status` does. A failure also has its code, which docs/errors.md explains. */
function statusText(code: number): string {
  const word = statusWord(code);
  return word === "failed" ? `failed ${code}` : word;
}

function fileNameOf({ metadata }: Input): string | undefined {
  return typeof metadata.filename === "string" ? metadata.filename : undefined;
}

const tableWidths = [48, 5, 12, 19];
const longWidths = [48, 5, 12, 8, 19, 24];
const annotationWidths = [48, 32, 13, 15];

/** Formats a line of a table. Columns have fixed widths, because the list is printed while it is read. */
function lineOf(cells: readonly (string | undefined)[], widths: readonly number[] = tableWidths): string {
  const padded = cells.map((cell = "", at) => {
    const text = printable(cell);
    return widths === longWidths && at === 3 ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  });
  return padded.join("  ").trimEnd();
}
