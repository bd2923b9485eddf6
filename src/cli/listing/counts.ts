/** Counts inputs by kind, status, dataset or concept. */

import { type Input, kindOf } from "../../core/input/input.js";
import { countText } from "../../core/util/format/format.js";
import { statusWord } from "../filters/filter-values.js";

export const countFields = ["kind", "status", "dataset", "concept"] as const;
export type CountField = (typeof countFields)[number];

/** Counts inputs in groups. An input in several datasets, or with several concepts, counts in each of them. */
export class Counts {
  readonly #fields: readonly CountField[];
  readonly #groups = new Map<string, { values: readonly string[]; count: number }>();

  constructor(fields: readonly CountField[]) {
    this.#fields = fields;
  }

  add(input: Input): void {
    const valuesOf = this.#fields.map((field) => fieldValues(input, field));
    for (const values of combinations(valuesOf)) {
      const key = JSON.stringify(values);
      const group = this.#groups.get(key) ?? { values, count: 0 };
      group.count += 1;
      this.#groups.set(key, group);
    }
  }

  /** Returns lines with a column for each field and the count, sorted by the fields. */
  lines(hasHeaders: boolean): string[] {
    const rows = [...this.#groups.values()]
      .map(({ values, count }) => [...values, countText(count)])
      .toSorted((one, other) => (one.join("\0") < other.join("\0") ? -1 : 1));
    if (hasHeaders) rows.unshift([...this.#fields.map((field) => field.toUpperCase()), "INPUTS"]);
    const widths = this.#fields.map((_, at) => Math.max(0, ...rows.map((row) => (row[at] ?? "").length)));
    return rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  "));
  }
}

function fieldValues(input: Input, field: CountField): readonly string[] {
  const values = {
    kind: () => [kindOf(input) ?? "none"],
    status: () => [input.status ? statusWord(input.status.code) : "-"],
    dataset: () => input.datasets,
    concept: () => input.concepts.map(({ id, name = id }) => name),
  }[field]();
  return values.length > 0 ? values : ["-"];
}

function combinations(lists: readonly (readonly string[])[]): string[][] {
  return lists.reduce<string[][]>((rows, list) => rows.flatMap((row) => list.map((value) => [...row, value])), [[]]);
}
