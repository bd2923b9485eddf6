/** Routes of searches. */

import { limits } from "../../clarifai/limits.js";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import { searchAnnotations, searchInputs } from "../search/search.js";
import { newId, timestamp } from "../store/store.js";
import { checkId } from "../wire/ids.js";
import { outgoingInput } from "../wire/outgoing.js";
import { doesNotExist, invalidRequest, notSupported, Refusal } from "../wire/refusals.js";
import { withFields } from "./annotations.js";
import { type Call, outgoing, pageOf, type Reply } from "./context.js";

/** POST …/inputs/searches, POST …/searches */
export function postSearches(call: Call): Reply {
  const { services, app, body } = call;
  const searches = searchesOf(body);
  const saved = saveIfAsked(call, searches);
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

/** POST …/searches/{id}: carries out a saved search. */
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

/** POST …/annotations/searches: returns the annotations that match all filters, each with its input. */
export function postAnnotationSearches(call: Call): Reply {
  const { services, app, body } = call;
  const searches = searchesOf(body);
  const saved = saveIfAsked(call, searches);
  if (saved) return saved;
  const { offset, size } = hitsPageOf(call);
  const found = searchAnnotations(services.store, app, onlyOne(searches)).slice(offset, offset + size);
  const hits = found.map(({ annotation, input }) =>
    hit(call, 1, { input: outgoingInput(input, outgoing(call)), annotation: withFields(call, annotation) }),
  );
  return { json: { id: newId(), hits } };
}

/** Returns the searches of a request. The first clients send a single query. */
function searchesOf(body: JsonObject): JsonObject[] {
  if (!Array.isArray(body.searches)) return [isObject(body.query) ? { query: body.query } : {}];
  if (body.query !== undefined) throw invalidRequest("searches and query exclude each other");
  return body.searches.filter(isObject);
}

function onlyOne(searches: readonly JsonObject[]): JsonObject {
  if (searches.length > 1) throw notSupported("the emulator carries out one search per request");
  return searches[0] ?? {};
}

/** Saves the searches of a request that asks for it. They are not carried out. */
function saveIfAsked({ services, app }: Call, searches: readonly JsonObject[]): Reply | undefined {
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
  if (!row) throw doesNotExist(`the search "${id}" does not exist`);
  return JSON.parse(row.data) as JsonObject;
}

function hitsOf(call: Call, search: JsonObject): Reply {
  const { services, app } = call;
  const { offset, size } = hitsPageOf(call);
  const found = searchInputs(services.store, app, search).slice(offset, offset + size);
  const hits = found.map(({ score, ...row }) => hit(call, score, { input: outgoingInput(row, outgoing(call)) }));
  return { json: { id: newId(), hits } };
}

/** Returns offset and size of a page of hits, which the API has only up to a limit. @throws {Refusal} 11102, 40002 */
function hitsPageOf({ body }: Call): { offset: number; size: number } {
  const page = pageOf(body.pagination);
  if (page.offset + page.size <= limits.maxSearchWindow) return page;
  throw new Refusal(statusCodes.SEARCH_INVALID_REQUEST, `page * perPage cannot exceed ${limits.maxSearchWindow}`);
}

function hit({ app }: Call, score: number, found: JsonObject): JsonObject {
  return { score, ...found, user_id: app.user, app_id: app.id };
}
