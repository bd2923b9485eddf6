/** The filters of the gallery as conditions of SQL. */

import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import type { SqlValue } from "../../store/driver.js";
import type { State } from "../shapes.js";

/** An input must match all filters. Of a filter with several values it must have one; an empty list matches every input. */
export interface Filters {
  app: number;
  kinds?: readonly string[];
  /** States, and status codes. */
  statuses?: readonly (State | number)[];
  datasets?: readonly string[];
  concepts?: readonly string[];
  /** A metadata key, and its value. */
  key?: string | undefined;
  value?: string | undefined;
  /** Words in the file name, the id or the text. */
  search?: string | undefined;
  /** West, south, east, north, in degrees. */
  area?: readonly [number, number, number, number] | undefined;
}

export interface Condition {
  sql: string;
  values: readonly SqlValue[];
}

/** The index names a metadata key by its path in the fields of an input. */
export const metadataPath = "$.metadata.";

const { INPUT_SUCCESS, INPUT_PENDING, INPUT_IN_PROGRESS } = statusCodes;
/** The conditions of the states. */
const stateConditions: Record<State, string> = {
  ready: `e.status = ${INPUT_SUCCESS}`,
  waiting: `e.status IN (${INPUT_PENDING}, ${INPUT_IN_PROGRESS})`,
  failed: `e.status NOT IN (${INPUT_SUCCESS}, ${INPUT_PENDING}, ${INPUT_IN_PROGRESS})`,
};

/** Joins conditions that must all be true. */
export function all(...conditions: readonly Condition[]): { where: string; values: SqlValue[] } {
  return {
    where: conditions.map(({ sql }) => sql).join(" AND "),
    values: conditions.flatMap(({ values }) => values),
  };
}

/** Returns a condition that a column has one of these values. There are two forms of it, so that few statements are prepared. */
export function isOneOf(column: string, values: readonly SqlValue[]): Condition {
  if (values.length === 1) return { sql: `${column} = ?`, values };
  return { sql: `${column} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(values)] };
}

/** Returns the fields of the index that the filters name, with the values of which an input must have one. */
export function termsOf({ datasets = [], concepts = [], key, value }: Filters): [field: string, values: string[]][] {
  const terms: [string, string[]][] = [];
  if (concepts.length > 0) terms.push(["concept", [...concepts]]);
  if (datasets.length > 0) terms.push(["dataset", [...datasets]]);
  if (key !== undefined && value !== undefined) terms.push([metadataPath + key, [value]]);
  return terms;
}

/** Returns the conditions on kind, status and location. */
export function entryConditions(filters: Filters): Condition[] {
  const conditions = kindConditions(filters);
  if (filters.area) {
    const [west, south, east, north] = filters.area;
    const sql = "e.longitude BETWEEN ? AND ? AND e.latitude BETWEEN ? AND ?";
    conditions.push({ sql, values: [west, east, south, north] });
  }
  return conditions;
}

/** Returns the conditions on kind and status, for the listing of inputs and for the counts of the filters. */
export function kindConditions({ kinds = [], statuses = [] }: Filters): Condition[] {
  const conditions: Condition[] = [];
  if (kinds.length > 0) conditions.push(isOneOf("e.kind", kinds));
  if (statuses.length === 0) return conditions;
  const states = [...new Set(statuses.filter((one) => typeof one === "string"))].sort();
  const code = isOneOf(
    "e.status",
    statuses.filter((one) => typeof one === "number"),
  );
  const sql = [...states.map((state) => stateConditions[state]), code.sql].join(" OR ");
  conditions.push({ sql: `(${sql})`, values: code.values });
  return conditions;
}
