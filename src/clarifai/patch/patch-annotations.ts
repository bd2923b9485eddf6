/** Patches of annotations: of listed inputs what a transform changed or took away, of others what they give. */

import type { Message } from "../../core/accounting/message.js";
import type { Listed } from "../../core/accounting/tracking.js";
import { InputError } from "../../core/errors.js";
import type { Annotation, Json } from "../../core/input/input.js";
import { isEmpty, isObject, isSameJson, type JsonObject } from "../../core/util/json-values.js";
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
  /** Id of the region that the annotation has and an overwrite keeps. */
  regionId?: string | undefined;
}

export interface AnnotationsPatch {
  changed: AnnotationItem[];
  /** Ids of annotations that a transform took away. */
  gone: string[];
}

/**
 * The patch of an input's annotations. What differs from a listed one is overwritten with all that is wanted; the API cannot merge the removal of
 * a concept.
 *
 * @throws {InputError} ERR_ANNOTATION_ID, ERR_PATCH_UNSUPPORTED
 */
export function annotationsPatch(message: Message, listed: Listed | undefined, action: PatchAction): AnnotationsPatch {
  const { id: inputId, annotations } = message.value;
  const before = listed?.annotations && new Map(listed.annotations.map((one) => [one.id as string, one]));
  const changed: AnnotationItem[] = [];
  const seen = new Set<string>();
  for (const annotation of annotations) {
    const { id } = annotation;
    if (id === undefined)
      throw new InputError("ERR_ANNOTATION_ID", "patch changes annotations by their ids, and one has no id");
    if (seen.has(id)) throw new InputError("ERR_ANNOTATION_ID", `two annotations have the id ${JSON.stringify(id)}`);
    seen.add(id);
    const there = before?.get(id);
    if (!before) changed.push({ message, inputId, annotation, action });
    else if (!there) throw new InputError("ERR_ANNOTATION_ID", `${notListed(id)}, and patch adds no annotations`);
    else if (isChanged(there, annotation)) {
      // What is left out stays as it is: an empty object takes the free data away.
      const info = there.info && !annotation.info ? { info: {} } : {};
      changed.push({
        ...{ message, inputId, annotation: { ...annotation, ...info } },
        ...{ action: "overwrite", regionId: there.regionId },
      });
    }
  }
  return { changed, gone: [...(before?.keys() ?? [])].filter((id) => !seen.has(id)) };
}

function notListed(id: string): string {
  return `the annotation ${JSON.stringify(id)} was not listed with its input`;
}

function isChanged(there: Annotation, annotation: Annotation): boolean {
  const hadShape = there.box ?? there.polygon;
  if (hadShape && !annotation.box && !annotation.polygon && annotation.data?.regions !== undefined) {
    const which = there.box ? "box" : "polygon";
    throw unsupported(
      `the annotation ${JSON.stringify(there.id)} lost its ${which} and kept the rest of its region; change data too`,
    );
  }
  const isSameStatus = annotation.statusCode === undefined || annotation.statusCode === there.statusCode;
  const isSameInfo = isSameJson((there.info ?? {}) as Json, (annotation.info ?? {}) as Json);
  return !isSameStatus || !isSameInfo || !isSameData(annotationData(there), annotationData(annotation));
}

/** Whether two data of annotations are the same, for a server that keeps 32 bits of a number. */
function isSameData(there: JsonObject, wanted: JsonObject): boolean {
  return has(there, wanted, exactly) && has(wanted, there, exactly);
}

/** Whether an annotation that a server has is the one that was asked for; its bytes need not be shown. */
export function isAsAsked(there: Annotation, wanted: Annotation): boolean {
  return has(annotationData(there), annotationData(wanted), { isWhole: true, withoutBytes: true });
}

interface Comparison {
  /** Lists hold nothing else. */
  isWhole: boolean;
  /** Bytes may be missing: a server need not show what it got. */
  withoutBytes: boolean;
}

const exactly: Comparison = { isWhole: true, withoutBytes: false };

/** Whether data hold everything that is wanted. Fields that are zero or empty may be missing. */
function has(data: Json | undefined, wanted: Json | undefined, how: Comparison): boolean {
  if (typeof wanted === "number" && typeof data === "number") return isNear(data, wanted);
  if (Array.isArray(wanted) && Array.isArray(data)) {
    if (how.isWhole && data.length !== wanted.length) return false;
    return wanted.every((item, n) => has(itemLike(item, data) ?? data[n], item, how));
  }
  if (isObject(wanted) && isObject(data)) {
    return Object.entries(wanted).every(([key, value]) => {
      if (key === "base64" && how.withoutBytes) return true;
      if (key === "name" && (value === wanted.id || data.name === data.id)) return true; // nobody named it
      const isVisible = key === "visibility" && value === "VISIBLE" && data[key] === 1; // the same as name and number
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

/** Patches annotations. With `deleteIfEmpty`, one that does not exist any more counts as removed. */
export async function patchAnnotations(
  items: readonly AnnotationItem[],
  deleteIfEmpty: boolean,
  context: PatchContext,
): Promise<void> {
  for (const action of ["merge", "overwrite", "remove"] as const) {
    const all = items.filter((item) => item.action === action && !item.message.settled);
    for (const part of inParts(all, limits.maxInputsPerRequest)) {
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
  // An annotation that is gone was removed, maybe by a request whose answer was lost.
  const mayBeGone = action === "remove" && deleteIfEmpty;
  const statuses = answers.map((answer) =>
    mayBeGone && answer.status.code === statusCodes.CONN_DOES_NOT_EXIST
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
      const text = `the annotation ${JSON.stringify(item.annotation.id)} was patched, and the server's result is not what was asked for`;
      item.message.fail(new InputError("ERR_PATCH_RESULT", `${text}: ${JSON.stringify(data).slice(0, 200)}`), "patch");
    } else if (!context.done.has(item.message)) context.done.set(item.message, "some of its annotations were patched");
  }
}

/** Deletes the annotations that transforms took away. */
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
