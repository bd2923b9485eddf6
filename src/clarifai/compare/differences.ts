/** Finds what differs between an input and the input of the same id in an app. */

import type { Annotation, Input, Json } from "../../core/input/input.js";
import { shorten } from "../../core/util/format/shorten.js";
import { isObject, isSameJson, type JsonObject } from "../../core/util/json/json-values.js";
import { omit } from "../../core/util/omit.js";
import { hasSameData } from "../patch/patch-annotations.js";
import { fieldsIn, overwriteProblem } from "../patch/results.js";
import type { ListedAnnotation } from "../wire/annotations.js";
import { inputFromWire, type WireInput } from "../wire/decode-answers.js";

/** What an app has under the id of an input. */
export interface StoredRecord {
  input: WireInput;
  annotations: readonly ListedAnnotation[];
  datasets: readonly string[];
}

/** Names the differences of the records: concepts, metadata, location, annotations and datasets. The app may have the input in further datasets. */
export function recordDifferences(input: Input, stored: StoredRecord): string[] {
  const { concepts, geo, datasets } = input;
  const fields = fieldsIn({ ...stored.input.data, metadata: inputFromWire(stored.input).metadata });
  const problem = overwriteProblem(fields, { concepts, metadata: input.metadata as JsonObject, geo });
  const missing = datasets.filter((id) => !stored.datasets.includes(id));
  return [
    ...(problem === undefined ? [] : [problem]),
    ...annotationDifferences(input.annotations, stored.annotations),
    ...missing.map((id) => `it is not in the dataset ${JSON.stringify(id)}`),
  ];
}

function annotationDifferences(wanted: readonly Annotation[], stored: readonly ListedAnnotation[]): string[] {
  const unmatched = [...stored];
  const differences = wanted.flatMap((annotation) => {
    const { id } = annotation;
    const at = unmatched.findIndex((one) => (id === undefined ? isSame(one, annotation) : one.id === id));
    const name = id === undefined ? "an annotation without an id" : `the annotation ${JSON.stringify(id)}`;
    const [found] = at < 0 ? [] : unmatched.splice(at, 1);
    if (!found) return [`${name} is missing`];
    return isSame(found, annotation) ? [] : [`${name} differs${differenceOf(found, annotation)}`];
  });
  return [...differences, ...unmatched.map(({ id }) => `the annotation ${JSON.stringify(id)} is only in the app`)];
}

function isSame(stored: Annotation, wanted: Annotation): boolean {
  const isSameInfo = isSameJson((stored.info ?? {}) as Json, (wanted.info ?? {}) as Json);
  const isSameStatus = stored.statusCode === wanted.statusCode;
  return isSameInfo && isSameStatus && isSameShape(stored, wanted);
}

function differenceOf(stored: Annotation, wanted: Annotation): string {
  if (stored.statusCode !== wanted.statusCode) {
    const [now, expected] = [stored, wanted].map(({ statusCode }) => statusCode ?? "the default");
    return `: its status is ${now}, not ${expected}`;
  }
  return isSameShape(stored, wanted) ? `: its info is ${shorten(JSON.stringify(stored.info ?? {}), 60)}` : "";
}

function isSameShape(one: Annotation, other: Annotation): boolean {
  const [first, second] = [one, other].map(({ data, ...rest }) =>
    data ? { ...rest, data: plain(data) as never } : rest,
  );
  return hasSameData(first as Annotation, second as Annotation);
}

/** Returns data without the ids of regions, frames and time segments: a server makes them, and no other field refers to them. */
function plain(value: unknown, key?: string): unknown {
  if (Array.isArray(value)) {
    const isPart = key === "regions" || key === "frames" || key === "time_segments";
    return value.map((entry: unknown) => (isPart && isObject(entry) ? plain(omit(entry, ["id"])) : plain(entry)));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, plain(entry, name)]));
}
