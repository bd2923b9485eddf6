/** Routes of searches. */

import { isObject } from "../incoming.js";
import type { JsonObject } from "../model.js";
import { outgoingInput } from "../outgoing.js";
import { searchAnnotations, searchInputs } from "../search.js";
import { newId } from "../store.js";
import { withFields } from "./annotations.js";
import { type Call, outgoing, pageOf, type Reply } from "./context.js";

/** POST …/inputs/searches, POST …/searches */
export function postSearches(call: Call): Reply {
  const { services, app, body } = call;
  const queries = queriesOf(body);
  const { store } = services;
  if (body.only_count === true) {
    const counts = queries.map((query): JsonObject => {
      const { length } = searchInputs(store, app, query);
      return length > 0 ? { estimated_total: length } : {};
    });
    return { json: { hits: [], hit_counts: counts } };
  }
  const { offset, size } = pageOf(body.pagination);
  const found = searchInputs(store, app, queries[0] ?? {}).slice(offset, offset + size);
  const hits = found.map(({ score, ...row }) => hit(call, score, { input: outgoingInput(row, outgoing(call)) }));
  return { json: { id: newId(), hits } };
}

/** POST …/annotations/searches: the annotations for which all filters hold, each with its input */
export function postAnnotationSearches(call: Call): Reply {
  const { services, app, body } = call;
  const { offset, size } = pageOf(body.pagination);
  const found = searchAnnotations(services.store, app, queriesOf(body)[0] ?? {}).slice(offset, offset + size);
  const hits = found.map(({ annotation, input }) =>
    hit(call, 1, { input: outgoingInput(input, outgoing(call)), annotation: withFields(call, annotation) }),
  );
  return { json: { id: newId(), hits } };
}

/** The queries of the searches, or the one that the first clients sent. */
function queriesOf(body: JsonObject): JsonObject[] {
  const searches = Array.isArray(body.searches) ? body.searches.filter(isObject) : [body];
  return searches.map((search) => (isObject(search.query) ? search.query : {}));
}

function hit({ app }: Call, score: number, found: JsonObject): JsonObject {
  return { score, ...found, user_id: app.user, app_id: app.id };
}
