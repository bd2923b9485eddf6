/** Routes of searches. */

import { searchAnnotations, searchInputs } from "../search/search.js";
import { checkId, isObject } from "../server/incoming.js";
import { outgoingInput } from "../server/outgoing.js";
import { Refusal } from "../server/status.js";
import type { JsonObject } from "../store/model.js";
import { newId, timestamp } from "../store/store.js";
import { withFields } from "./annotations.js";
import { type Call, outgoing, pageOf, type Reply } from "./context.js";

/** POST …/inputs/searches, POST …/searches */
export function postSearches(call: Call): Reply {
  const { services, app, body } = call;
  const searches = searchesOf(body);
  const saved = save(call, searches);
  if (saved) return saved;
  const { store } = services;
  if (body.only_count === true) {
    const counts = searches.map((search): JsonObject => {
      const { length } = searchInputs(store, app, search);
      return length > 0 ? { estimated_total: length } : {};
    });
    return { json: { hits: [], hit_counts: counts } };
  }
  return hitsOf(call, onlyOne(searches));
}

/** POST …/searches/{id}: carries out a search that was saved */
export function postSearchById(call: Call): Reply {
  return hitsOf(call, savedSearch(call));
}

/** GET …/searches */
export function listSearches({ services, app, parameters }: Call): Reply {
  const { offset, size } = pageOf(parameters);
  const sql = "SELECT data FROM searches WHERE app = ? ORDER BY seq DESC LIMIT ? OFFSET ?";
  const rows = services.store.all<{ data: string }>(sql, app.seq, size, offset);
  return { json: { searches: rows.map((row) => JSON.parse(row.data) as JsonObject) } };
}

/** GET …/searches/{id} */
export function getSearch(call: Call): Reply {
  return { json: { searches: [savedSearch(call)] } };
}

/** DELETE …/searches/{id} */
export function deleteSearch(call: Call): Reply {
  const { id } = savedSearch(call);
  call.services.store.run("DELETE FROM searches WHERE app = ? AND id = ?", call.app.seq, String(id));
  return {};
}

/** POST …/annotations/searches: the annotations for which all filters hold, each with its input */
export function postAnnotationSearches(call: Call): Reply {
  const { services, app, body } = call;
  const searches = searchesOf(body);
  const saved = save(call, searches);
  if (saved) return saved;
  const { offset, size } = pageOf(body.pagination);
  const found = searchAnnotations(services.store, app, onlyOne(searches)).slice(offset, offset + size);
  const hits = found.map(({ annotation, input }) =>
    hit(call, 1, { input: outgoingInput(input, outgoing(call)), annotation: withFields(call, annotation) }),
  );
  return { json: { id: newId(), hits } };
}

/** The searches of a request, or the query that the first clients sent. */
function searchesOf(body: JsonObject): JsonObject[] {
  if (!Array.isArray(body.searches)) return [isObject(body.query) ? { query: body.query } : {}];
  if (body.query !== undefined) throw new Refusal(11102, "searches and query exclude each other");
  return body.searches.filter(isObject);
}

function onlyOne(searches: readonly JsonObject[]): JsonObject {
  if (searches.length > 1) throw new Refusal(10040, "the emulator carries out one search per request");
  return searches[0] ?? {};
}

/** Searches that ask for it are saved, and not carried out. */
function save({ services, app }: Call, searches: readonly JsonObject[]): Reply | undefined {
  if (!searches.some((search) => search.save === true)) return undefined;
  const saved = searches.map(({ id = newId(), ...search }): JsonObject => ({ ...search, id, application_id: app.id }));
  services.store.transaction(() => {
    for (const search of saved) {
      const sql = "INSERT OR REPLACE INTO searches (app, id, data, created_at) VALUES (?, ?, ?, ?)";
      services.store.run(sql, app.seq, checkId("id", String(search.id)), JSON.stringify(search), timestamp());
    }
  });
  return { json: { hits: [], searches: saved } };
}

function savedSearch({ services, app, parts }: Call): JsonObject {
  const id = parts[0] ?? "";
  const row = services.store.get<{ data: string }>("SELECT data FROM searches WHERE app = ? AND id = ?", app.seq, id);
  if (!row) throw new Refusal(11101, `the search "${id}" does not exist`);
  return JSON.parse(row.data) as JsonObject;
}

function hitsOf(call: Call, search: JsonObject): Reply {
  const { services, app, body } = call;
  const { offset, size } = pageOf(body.pagination);
  const found = searchInputs(services.store, app, search).slice(offset, offset + size);
  const hits = found.map(({ score, ...row }) => hit(call, score, { input: outgoingInput(row, outgoing(call)) }));
  return { json: { id: newId(), hits } };
}

function hit({ app }: Call, score: number, found: JsonObject): JsonObject {
  return { score, ...found, user_id: app.user, app_id: app.id };
}
