/** Searching inputs and annotations: filters that must all hold, and ranks that put the likest first. */

import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { isObject } from "./incoming.js";
import {
  type AnnotationData,
  type AnnotationRow,
  type AppRow,
  type Fields,
  type InputRow,
  type Json,
  type JsonObject,
  mediaKinds,
  type StoredConcept,
} from "./model.js";
import { isNear } from "./places.js";
import type { Store } from "./store.js";

/** What an annotation says, or an input with all of its annotations. */
interface Said {
  concepts: () => readonly StoredConcept[];
  metadata: JsonObject | undefined;
  geo: Fields["geo"];
}

/**
 * Inputs for which all filters of a query hold, in the order in which they were added, or by their ranks. This store has no model: an image is
 * like another when it is the same, and an input is as like a concept as it is labelled with it.
 */
export function searchInputs(store: Store, app: AppRow, query: JsonObject): (InputRow & { score: number })[] {
  const filters = [...objects(query.filters), ...objects(query.ands)];
  const ranks = ranksOf(store, app, query);
  const rows = store.all<InputRow>("SELECT * FROM inputs WHERE app = ? ORDER BY seq", app.seq);
  const names = store.names(app.seq);
  const found = rows.flatMap((row) => {
    const said = saidOfInput(store, row);
    const holds = (filter: JsonObject) => {
      const labels = isObject(filter.annotation) ? filter.annotation : filter.output;
      return (
        inputHolds(store, row, said, filter.input) &&
        isWithin(row.modified_at, filter.last_updated_time_range) &&
        dataHolds(names, said, isObject(labels) ? labels.data : undefined)
      );
    };
    if (!filters.every((filter) => holds(filter) !== (filter.negate === true))) return [];
    const scores = ranks.map((rank) => rank(row, said));
    return [{ ...row, score: scores.length === 0 ? 1 : scores.reduce((sum, score) => sum + score, 0) / scores.length }];
  });
  return ranks.length === 0 ? found : found.sort((one, other) => other.score - one.score);
}

/** Annotations for which, each by itself, all filters of a query hold, with their inputs. */
export function searchAnnotations(
  store: Store,
  app: AppRow,
  query: JsonObject,
): { annotation: AnnotationRow; input: InputRow }[] {
  const filters = objects(query.filters);
  const names = store.names(app.seq);
  const rows = store.all<AnnotationRow>("SELECT * FROM annotations WHERE app = ? ORDER BY seq", app.seq);
  return rows.flatMap((annotation) => {
    const input = store.input(app.seq, annotation.input_id) as InputRow;
    const own = JSON.parse(annotation.level === 1 ? input.fields : annotation.data) as AnnotationData;
    const said = { concepts: () => conceptsOf(own), metadata: own.metadata, geo: own.geo };
    const holds = (filter: JsonObject) =>
      inputHolds(store, input, said, filter.input) &&
      isWithin(annotation.modified_at, filter.last_updated_time_range) &&
      dataHolds(names, said, isObject(filter.annotation) ? filter.annotation.data : undefined);
    return filters.every((filter) => holds(filter) !== (filter.negate === true)) ? [{ annotation, input }] : [];
  });
}

function ranksOf(store: Store, app: AppRow, query: JsonObject): ((row: InputRow, said: Said) => number)[] {
  const asked = objects(query.ranks).flatMap((rank) => (isObject(rank.annotation) ? [rank.annotation] : []));
  // The first clients asked for images like one, or like an input's, among the filters.
  const older = objects(query.ands).flatMap(({ output }) =>
    isObject(output) && isObject(output.input) ? [output.input] : [],
  );
  return [...asked, ...older].map((wanted) => {
    const data = isObject(wanted.data) ? wanted.data : {};
    const { url, base64 } = isObject(data.image) ? data.image : {};
    const given = typeof base64 === "string" ? Buffer.from(base64, "base64") : undefined;
    const digest = given
      ? createHash("sha256").update(given).digest("hex")
      : store.input(app.seq, String(wanted.id ?? ""))?.sha256;
    const concepts = objects(data.concepts);
    return (row, said) => {
      if (concepts.length > 0) return concepts.every((concept) => isSaid(store.names(app.seq), said, concept)) ? 1 : 0;
      return (url !== undefined && row.url === url) || (row.sha256 !== null && row.sha256 === digest) ? 1 : 0;
    };
  });
}

function inputHolds(store: Store, row: InputRow, said: Said, wanted: Json | undefined): boolean {
  if (!isObject(wanted)) return true;
  if (wanted.id !== undefined && wanted.id !== row.id) return false;
  const code = isObject(wanted.status) ? wanted.status.code : undefined;
  if (code !== undefined && code !== row.status) return false;
  const datasets = Array.isArray(wanted.dataset_ids) ? wanted.dataset_ids.map(String) : [];
  const sql = "SELECT 1 AS found FROM dataset_inputs WHERE app = ? AND dataset = ? AND input = ?";
  if (datasets.length > 0 && !datasets.some((dataset) => store.get(sql, row.app, dataset, row.seq))) return false;
  if (!isObject(wanted.data)) return true;
  const media = JSON.parse(row.media) as JsonObject;
  for (const kind of mediaKinds) {
    const medium = wanted.data[kind];
    if (!isObject(medium)) continue;
    const there = media[kind];
    if (!isObject(there) || (medium.url !== undefined && medium.url !== there.url)) return false;
  }
  return dataHolds(store.names(row.app), said, wanted.data);
}

function dataHolds(names: ReadonlyMap<string, string>, said: Said, data: Json | undefined): boolean {
  if (!isObject(data)) return true;
  const wanted = isObject(data.metadata) ? Object.entries(data.metadata) : [];
  // Several keys in one filter: one of them is enough.
  if (wanted.length > 0 && !wanted.some(([key, value]) => contains(said.metadata?.[key], value))) return false;
  // Of a region that is asked for, its concepts count.
  const regions = objects(data.regions).flatMap((region) =>
    isObject(region.data) ? objects(region.data.concepts) : [],
  );
  const concepts = [...objects(data.concepts), ...regions];
  if (!concepts.every((concept) => isSaid(names, said, concept))) return false;
  return !isObject(data.geo) || (said.geo !== undefined && isNear(said.geo.geo_point, data.geo));
}

function isSaid(names: ReadonlyMap<string, string>, said: Said, wanted: JsonObject): boolean {
  const isPresent = Number(wanted.value) >= 0.5;
  return said.concepts().some(({ id, value }) => {
    const same = wanted.id === undefined ? names.get(id) === wanted.name : id === wanted.id;
    return same && value >= 0.5 === isPresent;
  });
}

function saidOfInput(store: Store, row: InputRow): Said {
  const { concepts = [], metadata, geo } = JSON.parse(row.fields) as Fields;
  const sql = "SELECT data FROM annotations WHERE app = ? AND input_id = ? AND level = 0";
  const posted = () =>
    store
      .all<{ data: string }>(sql, row.app, row.id)
      .flatMap(({ data }) => conceptsOf(JSON.parse(data) as AnnotationData));
  return { concepts: () => [...concepts, ...posted()], metadata, geo };
}

function conceptsOf({ concepts = [], region }: AnnotationData): StoredConcept[] {
  return [...concepts, ...(region?.concepts ?? [])];
}

function contains(there: Json | undefined, wanted: Json): boolean {
  if (isObject(wanted) && isObject(there))
    return Object.entries(wanted).every(([key, value]) => contains(there[key], value));
  return isDeepStrictEqual(there, wanted);
}

function isWithin(time: string, range: Json | undefined): boolean {
  if (!isObject(range)) return true;
  const { start_time: start, end_time: end } = range;
  const at = Date.parse(time);
  return !(typeof start === "string" && at < Date.parse(start)) && !(typeof end === "string" && at > Date.parse(end));
}

function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
