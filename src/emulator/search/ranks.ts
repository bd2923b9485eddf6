/** The ranks of searches: how like an input is to what is asked for. */

import { createHash } from "node:crypto";
import { isObject, objectsIn } from "../server/incoming.js";
import type { JsonObject } from "../store/model.js";
import { type Candidate, conceptsOf, isSaid, type SearchContext } from "./filters.js";

/** Gives 1 for an input that is labelled with the concepts, or is the same image or text; 0 for others. */
export function ranksOf(context: SearchContext, query: JsonObject): ((candidate: Candidate) => number)[] {
  const asked = objectsIn(query.ranks).flatMap(({ annotation, negate }) =>
    isObject(annotation) && Object.keys(annotation).length > 0 ? [{ wanted: annotation, negate }] : [],
  );
  // The first clients asked among the filters for images like one, or like an input's, and for concepts that a model finds.
  const older = objectsIn(query.ands).flatMap(({ input, output, negate }) => {
    const url = isObject(input) && isObject(input.data) ? input.data.url : undefined;
    if (url !== undefined) return [{ wanted: { data: { image: { url } } }, negate }];
    return [isObject(output) ? output.input : undefined, output].flatMap((wanted) =>
      isObject(wanted) && (wanted.data !== undefined || wanted.id !== undefined) ? [{ wanted, negate }] : [],
    );
  });
  return [...asked, ...older].map(({ wanted, negate }) => {
    const isLike = likeness(context, wanted);
    return (candidate) => (isLike(candidate) !== (negate === true) ? 1 : 0);
  });
}

function likeness({ store, app, names }: SearchContext, wanted: JsonObject): (candidate: Candidate) => boolean {
  const data = isObject(wanted.data) ? wanted.data : {};
  const concepts = objectsIn(data.concepts);
  if (concepts.length > 0) {
    return ({ said }) => {
      const own = said.flatMap((one) => conceptsOf(one.data));
      return concepts.every((concept) => isSaid(names, own, concept));
    };
  }
  const raw = isObject(data.text) ? data.text.raw : undefined;
  if (raw !== undefined) return ({ row }) => (JSON.parse(row.media) as { text?: JsonObject }).text?.raw === raw;
  const { url, base64 } = isObject(data.image) ? data.image : {};
  const id = String(wanted.input_id ?? wanted.id ?? "");
  const sha256 =
    typeof base64 === "string"
      ? createHash("sha256").update(Buffer.from(base64, "base64")).digest("hex")
      : store.input(app.seq, id)?.sha256;
  return ({ row }) => (url !== undefined && row.url === url) || (row.sha256 !== null && row.sha256 === sha256);
}

/** Whether a query orders inputs: then it finds all of them, and selects nothing. */
export function isRanking(query: JsonObject): boolean {
  const ands = objectsIn(query.ands);
  return objectsIn(query.ranks).length > 0 || ands.some(({ output }) => isObject(output));
}
