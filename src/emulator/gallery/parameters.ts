/** What the page asks for, read from an address. */

import { mediaKinds } from "../store/model.js";
import type { Filters, Place } from "./find-inputs.js";
import type { State } from "./shapes.js";

const maxPageSize = 200;
const states: readonly string[] = ["ready", "waiting", "failed"] satisfies State[];

export function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

export function appKeyOf(parameters: URLSearchParams): number {
  return wholeNumber(parameters.get("app")) ?? 0;
}

/** Filters that make no sense are none. */
export function filtersOf(parameters: URLSearchParams, app: number): Filters {
  const text = (name: string) => parameters.get(name) || undefined;
  const kind = text("kind");
  const status = text("status");
  const area = text("area")?.split(",").map(Number);
  const isArea = area?.length === 4 && area.every(Number.isFinite);
  return {
    app,
    kind: (mediaKinds as readonly string[]).includes(kind ?? "") ? kind : undefined,
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

export function placeOf(parameters: URLSearchParams, newest: () => number): Place {
  const number = (name: string) => wholeNumber(parameters.get(name));
  return {
    top: number("top") ?? newest(),
    after: number("after"),
    skip: number("skip") ?? 0,
    limit: Math.min(number("limit") ?? 100, maxPageSize),
  };
}
