/** The ranks of searches: how similar an input is to the query. */

import { createHash } from "node:crypto";
import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import { objectIn, objectsIn } from "../wire/lenient-json.js";
import { type Candidate, conceptsOf, hasConcept, type SearchContext } from "./filters.js";

/** Makes functions that score an input: 1 if it has the concepts, or if it is the same image or text, else 0. */
export function ranksOf(context: SearchContext, query: JsonObject): ((candidate: Candidate) => number)[] {
  const ranks = objectsIn(query.ranks).flatMap(({ annotation, negate }) =>
    isObject(annotation) && Object.keys(annotation).length > 0 ? [{ reference: annotation, negate }] : [],
  );
  // The first clients send ranks among the filters: an image or an input to compare with, or predicted concepts.
  const legacyRanks = objectsIn(query.ands).flatMap(({ input, output, negate }) => {
    const url = isObject(input) && isObject(input.data) ? input.data.url : undefined;
    if (url !== undefined) return [{ reference: { data: { image: { url } } }, negate }];
    return [isObject(output) ? output.input : undefined, output].flatMap((reference) =>
      isObject(reference) && (reference.data !== undefined || reference.id !== undefined)
        ? [{ reference, negate }]
        : [],
    );
  });
  return [...ranks, ...legacyRanks].map(({ reference, negate }) => {
    const isSimilar = similarity(context, reference);
    return (candidate) => (isSimilar(candidate) !== (negate === true) ? 1 : 0);
  });
}

function similarity({ store, app, names }: SearchContext, reference: JsonObject): (candidate: Candidate) => boolean {
  const data = objectIn(reference.data);
  const concepts = objectsIn(data.concepts);
  if (concepts.length > 0) {
    return ({ annotations }) => {
      const existing = annotations.flatMap((one) => conceptsOf(one.data));
      return concepts.every((concept) => hasConcept(names, existing, concept));
    };
  }
  const raw = isObject(data.text) ? data.text.raw : undefined;
  if (raw !== undefined) return ({ row }) => (JSON.parse(row.media) as { text?: JsonObject }).text?.raw === raw;
  const { url, base64 } = objectIn(data.image);
  const id = String(reference.input_id ?? reference.id ?? "");
  const sha256 =
    typeof base64 === "string"
      ? createHash("sha256").update(Buffer.from(base64, "base64")).digest("hex")
      : store.input(app.seq, id)?.sha256;
  return ({ row }) => (url !== undefined && row.url === url) || (row.sha256 !== null && row.sha256 === sha256);
}

/** Whether a query ranks inputs. Then it finds all inputs, and selects none. */
export function isRanking(query: JsonObject): boolean {
  const ands = objectsIn(query.ands);
  return objectsIn(query.ranks).length > 0 || ands.some(({ output }) => isObject(output));
}
