/** The output of `sluice list`: lines of a table, ids, JSON, or counts. */

import type { App } from "../../clarifai/client/app.js";
import { sizeOf } from "../../clarifai/listing/sizes.js";
import { FlowError } from "../../core/errors.js";
import { fieldNames } from "../../core/input/fields.js";
import { type Input, kindOf } from "../../core/input/input.js";
import { bytesText, counted, countText, printable } from "../../core/util/format.js";
import { print } from "./output.js";

/** The fields of `--json`: those of an input, and those that are derived from them. */
export const fields = [...fieldNames, "kind", "filename", "sizeBytes"] as const;
export type Field = (typeof fields)[number];

export interface ListingOptions {
  form: "table" | "long" | "ids" | "json" | "count";
  /** Fields of the JSON. Default: all of the input. */
  fields?: readonly Field[] | undefined;
  /** Whether a table has headers and a total. */
  headers: boolean;
}

const headings = ["ID", "KIND", "STATUS", "ADDED", "CONCEPTS"] as const;

/** Prints inputs one by one, and their number at the end. */
export class Listing {
  readonly #app: App;
  readonly #options: ListingOptions;
  readonly #kinds = new Map<string, number>();
  #count = 0;
  #bytes = 0;
  #unknownSizes = 0;

  constructor(app: App, options: ListingOptions) {
    this.#app = app;
    this.#options = options;
  }

  /** Prints an input. */
  async add(input: Input, signal: AbortSignal): Promise<void> {
    const { form } = this.#options;
    const kind = kindOf(input) ?? "none";
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    this.#count += 1;
    if (form === "count") return;
    if (form === "ids") return print(printable(input.id));
    if (form === "json") return print(await this.#json(input, signal));
    const isFirst = this.#count === 1;
    if (form === "table") {
      if (isFirst && this.#options.headers) await print(lineOf(headings));
      return print(lineOf(cellsOf(input)));
    }
    const size = await this.#sizeOf(input, signal);
    if (isFirst && this.#options.headers)
      await print(lineOf([...headings.slice(0, 3), "SIZE", ...headings.slice(3), "FILE"], true));
    const [id, name, status, ...rest] = cellsOf(input);
    const sizeCell = size === undefined ? "-" : bytesText(size);
    return print(lineOf([id, name, status, sizeCell, ...rest, fileNameOf(input) ?? "-"], true));
  }

  /** Prints the total of a table, or the counts. */
  async end(): Promise<void> {
    const { form, headers } = this.#options;
    const kinds = [...this.#kinds].map(([kind, count]) => `${kind} ${countText(count)}`).join(", ");
    if (form === "count") return print(`${counted(this.#count, "input")}${kinds === "" ? "" : `: ${kinds}`}`);
    if (!headers || this.#count === 0 || form === "ids" || form === "json") return;
    const unknown = this.#unknownSizes === 0 ? "" : ` and ${this.#unknownSizes} of unknown size`;
    const bytes = form === "long" ? `, ${bytesText(this.#bytes)}${unknown}` : "";
    process.stderr.write(`${counted(this.#count, "input")}: ${kinds}${bytes}\n`);
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
  return [id, kindOf(input) ?? "text", String(status?.code ?? "-"), createdAt.slice(0, 19), names];
}

function fileNameOf({ metadata }: Input): string | undefined {
  return typeof metadata.filename === "string" ? metadata.filename : undefined;
}

/** Formats a line of a table. Columns have fixed widths, because the list is printed while it is read. */
function lineOf(cells: readonly (string | undefined)[], isLong = false): string {
  const widths = isLong ? [48, 5, 6, 8, 19, 24] : [48, 5, 6, 19];
  const padded = cells.map((cell = "", at) => {
    const text = printable(cell);
    return isLong && at === 3 ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  });
  return padded.join("  ").trimEnd();
}
