/** Searching inputs: filters that must all hold. */

import { isDeepStrictEqual } from "node:util";
import { isObject } from "./incoming.js";
import { type AppRow, type Fields, type InputRow, type Json, type JsonObject, mediaKinds } from "./model.js";
import { codeFrom, Refusal } from "./status.js";
import type { Store } from "./store.js";

const earthRadius: Record<string, number> = {
  withinMiles: 3958.8,
  withinKilometers: 6371,
  withinDegrees: 180 / Math.PI,
  withinRadians: 1,
};
/** The same units by their numbers in the definition. */
const unitNames = ["", "withinMiles", "withinKilometers", "withinDegrees", "withinRadians"];

/** Inputs for which all filters of a query hold, in the order in which they were added. */
export function searchInputs(store: Store, app: AppRow, query: JsonObject): InputRow[] {
  const filters = [query.filters, query.ands].flatMap((list) => (Array.isArray(list) ? list.filter(isObject) : []));
  if (query.ranks !== undefined && Array.isArray(query.ranks) && query.ranks.length > 0) {
    throw new Refusal(10040, "ranked search needs a model; this store has none");
  }
  const rows = store.all<InputRow>("SELECT * FROM inputs WHERE app = ? ORDER BY seq", app.seq);
  return rows.filter((row) => filters.every((filter) => holds(store, row, filter) !== (filter.negate === true)));
}

function holds(store: Store, row: InputRow, filter: JsonObject): boolean {
  if (isObject(filter.input) && !inputHolds(store, row, filter.input)) return false;
  const annotation = filter.annotation ?? filter.output;
  if (isObject(annotation) && isObject(annotation.data) && !dataHolds(store, row, annotation.data)) return false;
  return true;
}

function inputHolds(store: Store, row: InputRow, input: JsonObject): boolean {
  if (typeof input.id === "string" && input.id !== "" && input.id !== row.id) return false;
  const code = isObject(input.status) ? codeFrom(input.status.code) : undefined;
  if (code !== undefined && code !== row.status) return false;
  const datasets = Array.isArray(input.dataset_ids) ? input.dataset_ids.map(String) : [];
  const inDataset = (dataset: string) =>
    store.get(
      "SELECT 1 AS found FROM dataset_inputs WHERE app = ? AND dataset = ? AND input = ?",
      row.app,
      dataset,
      row.seq,
    );
  if (datasets.length > 0 && !datasets.some(inDataset)) return false;
  if (!isObject(input.data)) return true;
  const media = JSON.parse(row.media) as JsonObject;
  for (const kind of mediaKinds) {
    const wanted = input.data[kind];
    if (!isObject(wanted)) continue;
    const there = media[kind];
    if (!isObject(there)) return false;
    if (typeof wanted.url === "string" && wanted.url !== "" && wanted.url !== there.url) return false;
  }
  return dataHolds(store, row, input.data);
}

function dataHolds(store: Store, row: InputRow, data: JsonObject): boolean {
  const fields = JSON.parse(row.fields) as Fields;
  if (isObject(data.metadata)) {
    const wanted = Object.entries(data.metadata);
    // Several keys in one filter: one of them is enough.
    if (wanted.length > 0 && !wanted.some(([key, value]) => contains(fields.metadata?.[key], value))) return false;
  }
  if (Array.isArray(data.concepts)) {
    for (const concept of data.concepts.filter(isObject)) if (!hasConcept(store, row, fields, concept)) return false;
  }
  return !isObject(data.geo) || near(fields, data.geo);
}

function contains(there: Json | undefined, wanted: Json): boolean {
  if (isObject(wanted) && isObject(there))
    return Object.entries(wanted).every(([key, value]) => contains(there[key], value));
  return isDeepStrictEqual(there, wanted);
}

function hasConcept(store: Store, row: InputRow, fields: Fields, wanted: JsonObject): boolean {
  const value = wanted.value === undefined ? 1 : Number(wanted.value);
  const names = store.names(row.app);
  const matches = (concept: { id: string; value: number }) => {
    const same = wanted.id === undefined ? names.get(concept.id) === wanted.name : concept.id === wanted.id;
    return same && (value >= 0.5 ? concept.value >= 0.5 : concept.value < 0.5);
  };
  if ((fields.concepts ?? []).some(matches)) return true;
  const sql = "SELECT data FROM annotations WHERE app = ? AND input_id = ? AND level = 0";
  const annotations = store.all<{ data: string }>(sql, row.app, row.id);
  return annotations.some(({ data }) => {
    const { concepts = [], region } = JSON.parse(data) as {
      concepts?: Fields["concepts"];
      region?: { concepts: Fields["concepts"] };
    };
    return [...concepts, ...(region?.concepts ?? [])].some(matches);
  });
}

function near(fields: Fields, geo: JsonObject): boolean {
  const here = fields.geo?.geo_point;
  if (!here) return false;
  const corners = Array.isArray(geo.geo_box) ? geo.geo_box.filter(isObject).map((corner) => pointOf(corner)) : [];
  if (corners.length === 2) {
    const [first, second] = corners as [Place, Place];
    const between = (value: number, one: number, other: number) =>
      value >= Math.min(one, other) && value <= Math.max(one, other);
    return (
      between(here.longitude, first.longitude, second.longitude) &&
      between(here.latitude, first.latitude, second.latitude)
    );
  }
  if (!isObject(geo.geo_limit)) return true;
  const { type, value } = geo.geo_limit;
  const unit = typeof type === "number" ? unitNames[type] : String(type);
  const radius = earthRadius[unit ?? ""];
  if (radius === undefined) throw new Refusal(11102, `geo_limit.type "${String(type)}" is not known`);
  return radius * angleBetween(here, pointOf(geo)) <= Number(value ?? 0);
}

interface Place {
  longitude: number;
  latitude: number;
}

function pointOf(geo: JsonObject): Place {
  const point = isObject(geo.geo_point) ? geo.geo_point : {};
  return { longitude: Number(point.longitude ?? 0), latitude: Number(point.latitude ?? 0) };
}

/** The angle between two places as seen from the centre of the earth, in radians. */
function angleBetween(one: Place, other: Place): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const latitudes = radians(other.latitude - one.latitude) / 2;
  const longitudes = radians(other.longitude - one.longitude) / 2;
  const half =
    Math.sin(latitudes) ** 2 +
    Math.cos(radians(one.latitude)) * Math.cos(radians(other.latitude)) * Math.sin(longitudes) ** 2;
  return 2 * Math.asin(Math.min(1, Math.sqrt(half)));
}
