/** Routes of concepts. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import { containing, likePattern } from "../store/like-pattern.js";
import type { Fields } from "../store/model.js";
import { checkId } from "../wire/ids.js";
import { objectIn } from "../wire/lenient-json.js";
import { doesNotExist, Refusal } from "../wire/refusals.js";
import { type Call, objectsOf, pageOf, type Reply } from "./context.js";

interface ConceptRow {
  id: string;
  name: string;
  created_at: string;
}

const maxConcepts = 1000;

/** POST …/concepts */
export function postConcepts(call: Call): Reply {
  const { services, app, body } = call;
  const values = objectsOf(body.concepts, "concepts", maxConcepts);
  const names = new Set(services.store.names(app.seq).keys());
  for (const value of values) {
    const id = String(value.id ?? "");
    if (id === "") throw new Refusal(statusCodes.CONCEPTS_INVALID_REQUEST, "a concept has no id");
    checkId("concept id", id);
    if (names.has(id))
      throw new Refusal(statusCodes.CONCEPTS_INVALID_REQUEST, `duplicate concept: "${id}" already exists`);
    names.add(id);
  }
  services.store.transaction(() => {
    for (const value of values) services.store.setConcept(app.seq, String(value.id), nameOf(value));
  });
  return { json: { concepts: values.map((value) => outgoingConcept(call, rowOf(call, String(value.id)))) } };
}

/** GET …/concepts */
export function listConcepts(call: Call): Reply {
  const { services, app, parameters } = call;
  const { offset, size } = pageOf(parameters);
  const pattern = containing(parameters.id);
  const sql = `SELECT * FROM concepts WHERE app = ? AND (id LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\')
    ORDER BY created_at, id LIMIT ? OFFSET ?`;
  const rows = services.store.all<ConceptRow>(sql, app.seq, pattern, pattern, size, offset);
  return { json: { concepts: rows.map((row) => outgoingConcept(call, row)) } };
}

/** GET …/concepts/{id} */
export function getConcept(call: Call): Reply {
  return { json: { concept: outgoingConcept(call, rowOf(call, call.parts[0] ?? "")) } };
}

/** PATCH …/concepts */
export function patchConcepts(call: Call): Reply {
  const { services, app, body } = call;
  if (body.action !== "overwrite")
    throw new Refusal(statusCodes.CONCEPTS_INVALID_REQUEST, "the only action for concepts is overwrite");
  const values = objectsOf(body.concepts, "concepts");
  for (const value of values) rowOf(call, String(value.id ?? ""));
  services.store.transaction(() => {
    for (const value of values) services.store.setConcept(app.seq, String(value.id), nameOf(value));
  });
  return { json: { concepts: values.map((value) => outgoingConcept(call, rowOf(call, String(value.id)))) } };
}

/** GET …/concepts/status: counts the inputs with and without each concept. */
export function countConcepts({ services, app, parameters }: Call): Reply {
  const { offset, size } = pageOf(parameters);
  const counts = new Map<string, { positive: number; negative: number }>();
  for (const { fields } of services.store.all<{ fields: string }>("SELECT fields FROM inputs WHERE app = ?", app.seq)) {
    for (const { id, value } of (JSON.parse(fields) as Fields).concepts ?? []) {
      const count = counts.get(id) ?? { positive: 0, negative: 0 };
      if (value > 0) count.positive += 1;
      else count.negative += 1;
      counts.set(id, count);
    }
  }
  const names = services.store.names(app.seq);
  const listed = [...names].slice(offset, offset + size).map(([id, name]) => {
    const { positive, negative } = counts.get(id) ?? { positive: 0, negative: 0 };
    return { id, name, concept_type_count: { positive, negative } };
  });
  return { json: { concept_counts: listed } };
}

/** POST …/concepts/searches */
export function searchConcepts(call: Call): Reply {
  const { services, app, body } = call;
  const { offset, size } = pageOf(body.pagination);
  const query = objectIn(body.concept_query);
  const pattern = likePattern(String(query.name ?? ""), true);
  const sql = "SELECT * FROM concepts WHERE app = ? AND name LIKE ? ESCAPE '\\' ORDER BY name LIMIT ? OFFSET ?";
  const rows = services.store.all<ConceptRow>(sql, app.seq, pattern === "" ? "%" : pattern, size, offset);
  return { json: { concepts: rows.map((row) => outgoingConcept(call, row)) } };
}

function rowOf({ services, app }: Call, id: string): ConceptRow {
  const row = services.store.get<ConceptRow>("SELECT * FROM concepts WHERE app = ? AND id = ?", app.seq, id);
  if (!row) throw doesNotExist(`the concept "${id}" does not exist`);
  return row;
}

function nameOf(value: JsonObject): string {
  return typeof value.name === "string" && value.name !== "" ? checkId("concept name", value.name) : String(value.id);
}

function outgoingConcept({ app }: Call, row: ConceptRow): JsonObject {
  const { id, name, created_at } = row;
  return {
    id,
    name,
    value: 1,
    created_at,
    language: "en",
    app_id: app.id,
    user_id: app.user,
    visibility: { gettable: 10 },
  };
}
