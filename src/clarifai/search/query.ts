/** Translates filters of inputs to filters of the API. */

import type { Area, Filters } from "../../core/input/filter/filters.js";
import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";
import { timeOf } from "../../core/util/microseconds.js";

/** A range of times in microseconds, ends included. Without an end, the range is open. */
export interface TimeRange {
  start?: number | undefined;
  end?: number | undefined;
}

/**
 * Translates filters to filters of the API. Every input that passes the filters also passes their translation. The translation may pass more inputs, since
 * servers compare lists, distances and borders in their own ways; `exclusionOf` excludes them.
 */
export function apiFiltersOf(filters: Filters): JsonObject[] {
  const { kinds, concepts = [], metadata = {}, metadataText = [], location, datasets, status, not = {} } = filters;
  const negated = [
    ...(not.concepts ?? []).map(conceptFilter),
    // A server may take a list for a part of a longer one, and would then exclude too much.
    ...Object.entries(not.metadata ?? {}).flatMap(([key, value]) =>
      hasList(value) ? [] : [metadataFilter(key, value)],
    ),
    ...(not.datasets ? [{ input: { dataset_ids: not.datasets } }] : []),
    ...(not.status === undefined ? [] : [{ input: { status: { code: not.status } } }]),
  ];
  return [
    ...(kinds ? [{ input: { data: Object.fromEntries(kinds.map((kind) => [kind, {}])) } }] : []),
    ...concepts.map(conceptFilter),
    // The API takes several keys of one filter as alternatives.
    ...Object.entries(metadata).map(([key, value]) => metadataFilter(key, value)),
    // A text that is another value in JSON stands for both, which the API cannot express.
    ...metadataText.flatMap(({ key, text, value }) => (value === text ? [metadataFilter(key, text)] : [])),
    ...(location ? [inputLevel({ geo: geoOf(location) })] : []),
    ...(datasets ? [{ input: { dataset_ids: datasets } }] : []),
    ...(status === undefined ? [] : [{ input: { status: { code: status } } }]),
    ...negated.map((filter) => ({ negate: true, ...filter })),
  ];
}

/** Returns the range of last changes that filters select. An input was not changed before it was created. */
export function rangeOf({ updatedSince, updatedBefore, createdSince }: Filters): TimeRange {
  const starts = [updatedSince, createdSince].filter((time) => time !== undefined);
  return { start: starts.length > 0 ? Math.max(...starts) : undefined, end: updatedBefore };
}

/**
 * Makes the filter of a range of last changes; none for a range without ends. Every input has one annotation of the input level, which changes with its
 * concepts, metadata and location. So each input lies in one range, however many annotations it has.
 */
export function timeFilters({ start, end }: TimeRange): JsonObject[] {
  if (start === undefined && end === undefined) return [];
  const range: JsonObject = {};
  if (start !== undefined) range.start_time = timeOf(start);
  // Nanoseconds, so that times of a finer clock lie in the range of their microsecond.
  if (end !== undefined) range.end_time = timeOf(end).replace("Z", "999Z");
  return [{ annotation: { input_level: true }, last_updated_time_range: range }];
}

/** The API takes several concepts of one filter as alternatives. */
function conceptFilter(name: string): JsonObject {
  return {
    annotation: {
      data: {
        concepts: [
          { id: name, value: 1 },
          { name, value: 1 },
        ],
      },
    },
  };
}

function metadataFilter(key: string, value: Json): JsonObject {
  return inputLevel({ metadata: { [key]: value } });
}

function inputLevel(data: JsonObject): JsonObject {
  return { annotation: { input_level: true, data } };
}

/** Widens a radius, because servers take the earth for a sphere or an ellipsoid. */
const radiusFactor = 1.01;
/** Widens a box, because servers keep coordinates with 32 bits. In degrees. */
const boxMargin = 0.0001;

function geoOf(area: Area): JsonObject {
  if ("withinKm" in area) {
    const { longitude, latitude, withinKm } = area;
    return {
      geo_point: { longitude, latitude },
      geo_limit: { type: "withinKilometers", value: withinKm * radiusFactor },
    };
  }
  // The API has no box across the 180th meridian, so the box then spans all longitudes.
  const [west, east] = area.west <= area.east ? [area.west - boxMargin, area.east + boxMargin] : [-180, 180];
  const corner = (longitude: number, latitude: number) => ({
    geo_point: {
      longitude: Math.max(-180, Math.min(180, longitude)),
      latitude: Math.max(-90, Math.min(90, latitude)),
    },
  });
  return { geo_box: [corner(west, area.south - boxMargin), corner(east, area.north + boxMargin)] };
}

function hasList(value: Json): boolean {
  return Array.isArray(value) || (isObject(value) && Object.values(value).some(hasList));
}
