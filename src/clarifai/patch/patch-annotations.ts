/** Patches annotations: for listed inputs those that a transform changed or removed, for other inputs all of their annotations. */

import type { Message } from "../../core/accounting/message.js";
import type { Listed } from "../../core/accounting/tracking.js";
import { InputError } from "../../core/errors.js";
import { checkAnnotation } from "../../core/input/annotations/check-annotation.js";
import type { Annotation, Json } from "../../core/input/input.js";
import { shorten } from "../../core/util/format/shorten.js";
import { isEmpty, isObject, isSameJson, type JsonObject } from "../../core/util/json/json-values.js";
import { inRequests } from "../annotation-requests.js";
import type { PatchAction } from "../client/app-types.js";
import { limits } from "../limits.js";
import { answersTo, inParts, settleInHalves, settleItems, settleWith } from "../requests.js";
import { annotationData } from "../wire/annotations.js";
import { statusCodes } from "../wire/status-codes.js";
import { unsupported } from "./fields-patch.js";
import { beginningFor, type PatchContext } from "./patch-fields.js";
import { isNear } from "./results.js";

export interface AnnotationItem {
  message: Message;
  inputId: string;
  annotation: Annotation;
  action: PatchAction;
  /** Id of the region of the annotation, which an overwrite keeps. */
  regionId?: string | undefined;
}

export interface AnnotationsPatch {
  changed: AnnotationItem[];
  /** Ids of annotations that a transform removed. */
  removed: string[];
}

/**
 * Makes the patch of an input's annotations. A changed annotation is overwritten with all of its fields, because the API cannot merge the removal of a
 * concept.
 *
 * @throws {InputError} ERR_ANNOTATION_ID, ERR_PATCH_UNSUPPORTED, and what `checkAnnotation` throws
 */
export function annotationsPatch(message: Message, listed: Listed | undefined, action: PatchAction): AnnotationsPatch {
  const { id: inputId, annotations } = message.value;
  const before = listed?.annotations && new Map(listed.annotations.map((one) => [one.id as string, one]));
  const changed: AnnotationItem[] = [];
  const seen = new Set<string>();
  for (const annotation of annotations) {
    const { id } = annotation;
    if (id === undefined)
      throw new InputError(
        "ERR_ANNOTATION_ID",
        "patch finds annotations by their ids, and one has no id; give it the id under which it is stored",
      );
    if (seen.has(id)) throw new InputError("ERR_ANNOTATION_ID", `two annotations have the id ${JSON.stringify(id)}`);
    seen.add(id);
    const listedOne = before?.get(id);
    if (!before) changed.push({ message, inputId, annotation, action });
    else if (!listedOne) throw new InputError("ERR_ANNOTATION_ID", `${notListed(id)}; addAnnotations adds annotations`);
    else if (isChangedAnnotation(listedOne, annotation)) {
      checkAnnotation(annotation, message.value);
      // A field that is left out does not change: an empty object removes the free data.
      const info = listedOne.info && !annotation.info ? { info: {} } : {};
      changed.push({
        ...{ message, inputId, annotation: { ...annotation, ...info } },
        ...{ action: "overwrite", regionId: listedOne.regionId },
      });
    }
  }
  return { changed, removed: [...(before?.keys() ?? [])].filter((id) => !seen.has(id)) };
}

function notListed(id: string): string {
  return `the annotation ${JSON.stringify(id)} was not listed with its input`;
}

const shapeNames = ["box", "polygon", "point", "mask", "span"] as const;

/** Whether an annotation differs from the one that was listed. @throws {InputError} ERR_PATCH_UNSUPPORTED */
export function isChangedAnnotation(listed: Annotation, annotation: Annotation): boolean {
  const which = shapeNames.find((name) => listed[name]);
  const hasShape = shapeNames.some((name) => annotation[name]);
  if (which && !hasShape && hasRestOfRegion(annotation)) {
    throw unsupported(
      `a transform removed the ${which} of the annotation ${JSON.stringify(listed.id)}, and data still has the rest of its region; remove that, too`,
    );
  }
  const isSameStatus = annotation.statusCode === undefined || annotation.statusCode === listed.statusCode;
  const isSameInfo = isSameJson((listed.info ?? {}) as Json, (annotation.info ?? {}) as Json);
  return !isSameStatus || !isSameInfo || !isSameData(annotationData(listed), annotationData(annotation));
}

/** Whether data have a region without a shape. A region with a shape of another kind is whole. */
function hasRestOfRegion({ data }: Annotation): boolean {
  const regions = Array.isArray(data?.regions) ? data.regions : [];
  return regions.some((region) => isObject(region) && region.region_info === undefined);
}

/** Returns whether two annotations have the same data on a server that stores 32 bits of a number. */
function isSameData(one: JsonObject, other: JsonObject): boolean {
  return has(one, other, exactly) && has(other, one, exactly);
}

/** Returns whether two annotations have the same data, bytes included. */
export function hasSameData(one: Annotation, other: Annotation): boolean {
  return isSameData(annotationData(one), annotationData(other));
}

/** Returns whether a stored annotation is the requested one; a server need not return its bytes. */
export function isAsRequested(stored: Annotation, wanted: Annotation): boolean {
  return has(annotationData(stored), annotationData(wanted), { isWhole: true, withoutBytes: true });
}

interface Comparison {
  /** Whether lists must have no other items. */
  isWhole: boolean;
  /** Whether bytes may be missing: a server need not return them. Bytes that it returns must be the same. */
  withoutBytes: boolean;
}

const exactly: Comparison = { isWhole: true, withoutBytes: false };

/** Returns whether data have all requested fields. Fields that are zero or empty may be missing. */
function has(data: Json | undefined, wanted: Json | undefined, how: Comparison): boolean {
  if (typeof wanted === "number" && typeof data === "number") return isNear(data, wanted);
  if (Array.isArray(wanted) && Array.isArray(data)) {
    if (how.isWhole && data.length !== wanted.length) return false;
    return wanted.every((item, n) => has(itemLike(item, data) ?? data[n], item, how));
  }
  if (isObject(wanted) && isObject(data)) {
    return Object.entries(wanted).every(([key, value]) => {
      if (key === "base64" && how.withoutBytes && data[key] === undefined) return true;
      if (key === "name" && (value === wanted.id || data.name === data.id)) return true; // the server sets a missing name to the id
      const isVisible = key === "visibility" && value === "VISIBLE" && data[key] === 1; // the server may answer with the number of the enumeration
      return isVisible || has(data[key], value, how);
    });
  }
  return data === undefined ? isNothing(wanted) : wanted === undefined ? isNothing(data) : isSameJson(data, wanted);
}

function itemLike(item: Json, list: readonly Json[]): Json | undefined {
  return isObject(item) && item.id !== undefined
    ? list.find((other) => isObject(other) && other.id === item.id)
    : undefined;
}

function isNothing(value: Json | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    value === 0 ||
    value === "" ||
    value === false ||
    (typeof value === "object" && isEmpty(value))
  );
}

/** Patches annotations. With `deleteIfEmpty`, an annotation that does not exist counts as removed. */
export async function patchAnnotations(
  items: readonly AnnotationItem[],
  deleteIfEmpty: boolean,
  context: PatchContext,
): Promise<void> {
  for (const action of ["merge", "overwrite", "remove"] as const) {
    const all = items.filter((item) => item.action === action && !item.message.settled);
    for (const part of inRequests(all)) {
      const send = (some: readonly AnnotationItem[]) => patchSome(some, action, deleteIfEmpty, context);
      await settleInHalves(part, messagesOf, "patch", send, undefined, beginningFor(context));
    }
  }
}

async function patchSome(
  items: readonly AnnotationItem[],
  action: PatchAction,
  deleteIfEmpty: boolean,
  context: PatchContext,
): Promise<void> {
  const { app, signal } = context;
  const answers = await app.patchAnnotations(items, action, { deleteIfEmpty, signal });
  // An annotation that does not exist was removed, maybe by a request whose answer was lost.
  const mayBeMissing = action === "remove" && deleteIfEmpty;
  const statuses = answers.map((answer) =>
    mayBeMissing && answer.status.code === statusCodes.CONN_DOES_NOT_EXIST
      ? { ...answer, status: { code: statusCodes.ANNOTATION_SUCCESS } }
      : answer,
  );
  const ids = items.map(({ annotation }) => annotation.id ?? "");
  settleItems(messagesOf(items), ids, statuses, "patch", "annotation: ", beginningFor(context));
  for (const [index, answer] of answersTo(ids, answers).entries()) {
    const item = items[index];
    if (!item || item.message.settled) continue;
    const data = answer?.data as JsonObject | undefined;
    if (
      action !== "remove" &&
      data &&
      !has(data, annotationData(item.annotation), { isWhole: action === "overwrite", withoutBytes: true })
    ) {
      const text = `the annotation ${JSON.stringify(item.annotation.id)} was patched, and its data on the server differ from the requested ones`;
      item.message.fail(new InputError("ERR_PATCH_RESULT", `${text}: ${shorten(JSON.stringify(data), 200)}`), "patch");
    } else if (!context.done.has(item.message)) context.done.set(item.message, "some of its annotations were patched");
  }
}

/** Deletes the annotations that transforms removed. */
export async function deleteAnnotations(
  items: readonly { message: Message; id: string }[],
  context: PatchContext,
): Promise<void> {
  const { app, signal } = context;
  const open = items.filter(({ message }) => !message.settled);
  for (const part of inParts(open, limits.maxIdsPerRequest)) {
    const inputIds = part.map(({ message }) => message.value.id);
    const ids = part.map(({ id }) => id);
    const send = () => app.deleteAnnotations(inputIds, ids, signal);
    await settleWith(messagesOf(part), "patch", send, undefined, beginningFor(context));
  }
}

function messagesOf(items: readonly { message: Message }[]): Message[] {
  return items.map(({ message }) => message);
}
