/** The patch of metadata, concepts and location: its requests and the expected result. */

import type { Message } from "../../core/accounting/message.js";
import type { Listed } from "../../core/accounting/tracking.js";
import { InputError } from "../../core/errors.js";
import type { Concept, Input, Json } from "../../core/input/input.js";
import { mediaKinds } from "../../core/input/kinds.js";
import { shorten } from "../../core/util/format/shorten.js";
import { isEmpty, isObject, type JsonObject, ownValue } from "../../core/util/json/json-values.js";
import type { PatchAction } from "../client/app-types.js";
import { contentHashKey } from "../wire/content-hash-key.js";
import { wireConcept, wireFields } from "../wire/encode-input.js";
import { hasItems, metadataPatch } from "./metadata-patch.js";
import {
  changedConcepts,
  changeProblem,
  type Fields,
  fieldsIn,
  isMerged,
  isSameLocation,
  isSameValue,
  mergeProblem,
  overwriteProblem,
  removalProblem,
  type Wanted,
} from "./results.js";

export interface FieldsPatch {
  /** Requests in their order; a removal comes after the merge, so that a renamed field exists at every moment. */
  steps: readonly { action: PatchAction; data: JsonObject }[];
  /** Whether a request that is sent twice appends to a list twice. */
  appends: boolean;
  /** Returns whether data contain the additions of the merge. */
  isMerged?: ((data: JsonObject) => boolean) | undefined;
  /** Whether it was compared with a listing, which may be older than an earlier attempt of the same patch. */
  isListed?: boolean | undefined;
  /** The data that the server must still have, because the merge is sent as an overwrite of all fields. */
  ifStill?: JsonObject | undefined;
  /** Describes how data differ from the expected result; undefined if they do not. */
  problem(data: JsonObject): string | undefined;
  /** Finds what an overwrite left in the data: some servers keep keys that an overwrite omits. */
  leftover?: ((data: JsonObject) => JsonObject | undefined) | undefined;
}

/** Makes the error of a change that a patch cannot make: ERR_PATCH_UNSUPPORTED. */
export function unsupported(text: string): InputError {
  return new InputError("ERR_PATCH_UNSUPPORTED", text);
}

/**
 * Makes the patch of an input that was listed from the same app: the differences to the listed state, or all fields for an overwrite.
 *
 * @returns undefined when nothing differs
 * @throws {InputError} ERR_PATCH_UNSUPPORTED
 */
export function listedPatch(input: Input, { data }: Listed, action: "merge" | "overwrite"): FieldsPatch | undefined {
  const before = fieldsIn(data);
  const wanted = wantedOf(input, before);
  checkConcepts(before, wanted);
  const metadata = metadataPatch(before.metadata, wanted.metadata);
  const changed = changedConcepts(before, wanted);
  const removed = before.concepts.filter(({ id }) => !wanted.concepts.some((concept) => concept.id === id));
  const isMoved = !isSameLocation(before.geo, wanted.geo);
  const isSame = isEmpty(metadata.merge) && isEmpty(metadata.remove) && metadata.inexpressible === undefined;
  if (isSame && changed.length === 0 && removed.length === 0 && !isMoved) return undefined;

  if (action === "overwrite") return overwriting(wholeData(data as JsonObject, before, wanted), wanted);
  if (metadata.inexpressible !== undefined) {
    return { ...overwriting(wholeData(data as JsonObject, before, wanted), wanted), ifStill: data as JsonObject };
  }
  const merge = dataOf(metadata.merge, changed.map(conceptData(before)), isMoved ? geoData(before, wanted) : undefined);
  const remove = dataOf(
    metadata.remove,
    removed.map(({ id }) => ({ id: id as Json })),
    isMoved && !wanted.geo ? before.geo : undefined,
  );
  return {
    steps: stepsOf(["merge", merge], ["remove", remove]),
    appends: metadata.appends,
    isMerged: (now) => isMerged(fieldsIn(now), before, wanted),
    isListed: true,
    problem: (after) => changeProblem(fieldsIn(after), before, wanted),
  };
}

/**
 * Makes the patch of an input that was not listed from this app, such as a row of a table: all of its fields.
 *
 * @returns undefined when it has no fields
 * @throws {InputError} ERR_PATCH_UNSUPPORTED
 */
export function rowPatch(input: Input, action: PatchAction): FieldsPatch | undefined {
  const wanted: Wanted = { concepts: input.concepts, metadata: input.metadata as JsonObject, geo: input.geo };
  const data = wireFields(input);
  if (isEmpty(data) && (action !== "overwrite" || input.annotations.length > 0)) return undefined;
  if (action === "overwrite") return overwriting(data, wanted);
  if (action === "merge") checkMerged(wanted.metadata, "metadata");
  else checkRemoved(wanted.metadata, "metadata");
  const problem = action === "merge" ? mergeProblem : removalProblem;
  return {
    steps: [{ action, data }],
    appends: action === "merge" && hasItems(wanted.metadata),
    isMerged: (now) => problem(fieldsIn(now), wanted) === undefined,
    problem: (after) => problem(fieldsIn(after), wanted),
  };
}

/** Names a field that a transform removed from an input that was listed from another app; undefined if it removed none. */
export function removedField({ value, listed }: Message): string | undefined {
  if (!listed) return undefined;
  const before = fieldsIn(listed.data);
  const wanted = wantedOf(value, before);
  const [key] = Object.keys(metadataPatch(before.metadata, wanted.metadata).remove);
  if (key !== undefined) return `metadata.${key}`;
  const removed = before.concepts.find(({ id }) => !wanted.concepts.some((concept) => concept.id === id));
  if (removed) return `the concept ${JSON.stringify(removed.id)}`;
  return before.geo && !wanted.geo ? "the location" : undefined;
}

function overwriting(data: JsonObject, wanted: Wanted): FieldsPatch {
  const leftover = (after: JsonObject) => {
    const got = fieldsIn(after);
    const removed = got.concepts.filter(({ id }) => !wanted.concepts.some((concept) => concept.id === id));
    const left = dataOf(
      metadataPatch(got.metadata, wanted.metadata).remove,
      removed.map(({ id }) => ({ id: id as Json })),
      wanted.geo ? undefined : got.geo,
    );
    return isEmpty(left) ? undefined : left;
  };
  return {
    steps: [{ action: "overwrite", data }],
    appends: false,
    problem: (after) => overwriteProblem(fieldsIn(after), wanted),
    leftover,
  };
}

/** Returns the requested fields of an input. Transforms do not see the content hash, so it is added again. */
function wantedOf({ concepts, metadata, geo }: Input, before: Fields): Wanted {
  const hash = ownValue(before.metadata, contentHashKey);
  const kept: JsonObject =
    hash === undefined || Object.hasOwn(metadata, contentHashKey) ? {} : { [contentHashKey]: hash };
  return { concepts, metadata: { ...(metadata as JsonObject), ...kept }, geo };
}

/** Makes all data of an input but its media; unknown fields are carried unchanged. */
function wholeData(listed: JsonObject, before: Fields, wanted: Wanted): JsonObject {
  const media = new Set<string>([...mediaKinds, "text", "concepts", "metadata", "geo"]);
  const carried = Object.entries(listed).filter(([field]) => !media.has(field));
  const concepts = wanted.concepts.map(conceptData(before));
  return { ...Object.fromEntries(carried), ...dataOf(wanted.metadata, concepts, geoData(before, wanted)) };
}

function dataOf(metadata: JsonObject, concepts: JsonObject[], geo: JsonObject | undefined): JsonObject {
  return {
    ...(concepts.length > 0 ? { concepts } : {}),
    ...(isEmpty(metadata) ? {} : { metadata }),
    ...(geo ? { geo } : {}),
  };
}

/** Makes a function that converts concepts to the form of the API, with the further fields of the listed concept. */
function conceptData(before: Fields): (concept: Concept) => JsonObject {
  return (concept) => {
    const listed = conceptIn(before, concept.id);
    if (!listed) return wireConcept(concept);
    return isSameValue(listed, concept) ? listed : { ...listed, value: concept.value ?? 1 };
  };
}

function geoData(before: Fields, { geo }: Wanted): JsonObject | undefined {
  if (!geo || isSameLocation(before.geo, geo)) return geo && before.geo;
  return { ...before.geo, geo_point: { longitude: geo.longitude, latitude: geo.latitude } };
}

function conceptIn({ concepts }: Fields, id: string): JsonObject | undefined {
  return concepts.find((concept) => concept.id === id);
}

function stepsOf(...steps: [action: PatchAction, data: JsonObject][]): FieldsPatch["steps"] {
  return steps.filter(([, data]) => !isEmpty(data)).map(([action, data]) => ({ action, data }));
}

function checkConcepts(before: Fields, { concepts }: Wanted): void {
  const seen = new Set<string>();
  for (const { id, name } of concepts) {
    if (seen.has(id)) throw unsupported(`the concept ${JSON.stringify(id)} occurs twice; a patch needs it once`);
    seen.add(id);
    const listed = conceptIn(before, id);
    if (!listed || name === undefined || name === (listed.name ?? id)) continue;
    const text = `the concept ${JSON.stringify(id)} has the name ${JSON.stringify(listed.name ?? id)} in the whole app, and patch cannot change it`;
    throw unsupported(`${text}; patchConcepts(app) renames it`);
  }
}

/** @throws {InputError} ERR_PATCH_UNSUPPORTED for null, which a merge ignores */
function checkMerged(value: Json, path: string): void {
  if (value === null) {
    throw unsupported(`${path} is null, which a merge does not set; action "remove" with true deletes the key`);
  }
  if (Array.isArray(value)) {
    for (const [n, item] of value.entries()) if (item !== null) checkMerged(item, `${path}[${n}]`);
  } else if (isObject(value)) {
    for (const [key, entry] of Object.entries(value)) checkMerged(entry, `${path}.${key}`);
  }
}

/** @throws {InputError} ERR_PATCH_UNSUPPORTED for values that a removal would set, add or ignore */
function checkRemoved(marker: Json, path: string): void {
  if (marker === true) return;
  if (isObject(marker) && (path === "metadata" || !isEmpty(marker))) {
    for (const [key, entry] of Object.entries(marker)) checkRemoved(entry, `${path}.${key}`);
    return;
  }
  if (Array.isArray(marker) && marker.length > 0 && marker.every(isNamed)) return;
  const text = `${path}: action "remove" takes true to remove a key, or a list of { id } to remove items`;
  throw unsupported(`${text}, got ${shorten(JSON.stringify(marker), 60)}`);
}

function isNamed(item: Json): boolean {
  const id = isObject(item) ? ownValue(item, "id") : undefined;
  return typeof id === "string" || typeof id === "number";
}
