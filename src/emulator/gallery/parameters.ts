/** Reads the parameters of the page's requests. An invalid filter matches nothing; other invalid parameters are ignored. */

import type { Filters, PagePosition } from "./find-inputs.js";
import { type Sort, type State, sorts } from "./shapes.js";

const defaultPageSize = 100;
const maxPageSize = 200;
/** An area without a location. */
const emptyArea = [1, 1, 0, 0] as const;
const states: readonly string[] = ["ready", "waiting", "failed"] satisfies State[];

/** Reads a whole number of at most 15 digits. */
export function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Returns the number of the app. */
export function appKeyOf(parameters: URLSearchParams): number {
  return wholeNumber(parameters.get("app")) ?? 0;
}

/** Reads the filters. A parameter that is repeated matches any of its values. */
export function filtersOf(parameters: URLSearchParams, app: number): Filters {
  const text = (name: string) => parameters.get(name) || undefined;
  const texts = (name: string) => parameters.getAll(name).filter(Boolean);
  const area = text("area");
  return {
    app,
    kinds: texts("kind"),
    statuses: texts("status").map(statusOf),
    datasets: texts("dataset"),
    concepts: texts("concept"),
    key: text("key"),
    value: text("value"),
    search: text("q"),
    area: area === undefined ? undefined : areaOf(area),
  };
}

function statusOf(text: string): State | number {
  return states.includes(text) ? (text as State) : (wholeNumber(text) ?? -1);
}

function areaOf(text: string): readonly [number, number, number, number] {
  const area = text.split(",").map(Number);
  const isArea = area.length === 4 && area.every(Number.isFinite);
  return isArea ? (area as [number, number, number, number]) : emptyArea;
}

/** Reads the position of a page. @param newest returns the newest input, for a listing that starts now */
export function positionOf(parameters: URLSearchParams, newest: () => number): PagePosition {
  const number = (name: string) => wholeNumber(parameters.get(name));
  const sort = sortOf(parameters.get("sort"));
  return {
    top: number("top") ?? newest(),
    sort,
    after: sort === "newest" || sort === "oldest" ? number("after") : undefined,
    skip: number("skip") ?? 0,
    limit: Math.min(number("limit") ?? defaultPageSize, maxPageSize),
  };
}

function sortOf(text: string | null): Sort {
  return sorts.find((sort) => sort === text) ?? "newest";
}
