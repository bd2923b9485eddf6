/** Reads the parameters of the page's requests. Invalid parameters are ignored. */

import { kinds } from "../../core/input/kinds.js";
import type { Filters, PagePosition } from "./find-inputs.js";
import type { State } from "./shapes.js";

const defaultPageSize = 100;
const maxPageSize = 200;
const states: readonly string[] = ["ready", "waiting", "failed"] satisfies State[];

/** Reads a whole number of at most 15 digits. */
export function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Returns the number of the app. */
export function appKeyOf(parameters: URLSearchParams): number {
  return wholeNumber(parameters.get("app")) ?? 0;
}

/** Reads the filters. */
export function filtersOf(parameters: URLSearchParams, app: number): Filters {
  const text = (name: string) => parameters.get(name) || undefined;
  const kind = text("kind");
  const status = text("status");
  const area = text("area")?.split(",").map(Number);
  const isArea = area?.length === 4 && area.every(Number.isFinite);
  return {
    app,
    kind: (kinds as readonly string[]).includes(kind ?? "") ? kind : undefined,
    code: wholeNumber(status ?? null),
    state: states.includes(status ?? "") ? (status as State) : undefined,
    dataset: text("dataset"),
    concept: text("concept"),
    key: text("key"),
    value: text("value"),
    id: text("id"),
    area: isArea ? (area as [number, number, number, number]) : undefined,
  };
}

/** Reads the position of a page. @param newest returns the newest input, for a listing that starts now */
export function positionOf(parameters: URLSearchParams, newest: () => number): PagePosition {
  const number = (name: string) => wholeNumber(parameters.get(name));
  return {
    top: number("top") ?? newest(),
    after: number("after"),
    skip: number("skip") ?? 0,
    limit: Math.min(number("limit") ?? defaultPageSize, maxPageSize),
  };
}
