/** Brings the records of existing inputs back to their states: fields, annotations and datasets. */

import type { Message } from "../../core/accounting/message.js";
import { systemClock } from "../../core/net/clock.js";
import { listedOf } from "../listing/listed.js";
import { listedPatch } from "../patch/fields-patch.js";
import {
  type AnnotationItem,
  deleteAnnotations,
  isChangedAnnotation,
  patchAnnotations,
} from "../patch/patch-annotations.js";
import { type DatasetItem, patchDatasets } from "../patch/patch-datasets.js";
import { type FieldsItem, type PatchContext, patchFields } from "../patch/patch-fields.js";
import { addAnnotations } from "../upload/add-annotations.js";
import { plainAnnotation } from "../wire/annotations.js";
import { statusCodes } from "../wire/status-codes.js";
import type { CurrentInput } from "./read-states.js";

/** What differs between an input and its state. */
interface Difference {
  message: Message;
  fields: FieldsItem["patch"] | undefined;
  /** Whether annotations are missing. */
  hasMissing: boolean;
  changed: AnnotationItem[];
  removed: string[];
  datasets: DatasetItem[];
}

/** Restores the records of messages; a message whose input is as it was is done. All ids must differ. */
export async function restoreRecords(
  items: readonly { message: Message; current: CurrentInput }[],
  context: PatchContext,
): Promise<void> {
  const differences: Difference[] = [];
  for (const { message, current } of items) {
    try {
      const difference = differenceOf(message, current, context);
      const { fields, hasMissing, changed, removed, datasets } = difference;
      const count = changed.length + removed.length + datasets.length;
      if (fields || hasMissing || count > 0) differences.push(difference);
      else message.doneBefore("is as it was");
    } catch (error) {
      message.fail(error, "restore");
    }
  }
  const withFields = differences.flatMap(({ message, fields: patch }) => (patch ? [{ message, patch }] : []));
  await patchFields(withFields, context);
  const open = differences.filter(({ message, hasMissing }) => hasMissing && !message.settled);
  const messages = open.map(({ message }) => message);
  await addAnnotations(messages, new Set(messages), {
    ...{ app: context.app, clock: systemClock, signal: context.signal, stage: "restore", retryForMs: 300_000 },
    idOf: (_, annotation) => annotation.id ?? "",
    before: "",
  });
  const changed = differences.flatMap((difference) => difference.changed);
  await patchAnnotations(changed, false, context);
  const removed = differences.flatMap(({ message, removed: ids }) => ids.map((id) => ({ message, id })));
  await deleteAnnotations(removed, context);
  await patchDatasets(
    differences.flatMap(({ datasets }) => datasets),
    context,
  );
}

function differenceOf(message: Message, current: CurrentInput, { app }: PatchContext): Difference {
  const { value } = message;
  const listed = listedOf(app, current.wire, current.annotations);
  // Names of concepts belong to the app, not to the input.
  const concepts = value.concepts.map(({ id, value: share }) => (share === undefined ? { id } : { id, value: share }));
  const before = new Map(current.annotations.map((annotation) => [annotation.id, annotation]));
  const wanted = new Map(value.annotations.map((annotation) => [annotation.id as string, annotation]));
  const changed = value.annotations.flatMap((annotation): AnnotationItem[] => {
    const now = before.get(annotation.id as string);
    if (!now) return [];
    // An annotation without a status of its own was accepted, and one without free data had none.
    const statusCode = annotation.statusCode ?? statusCodes.ANNOTATION_SUCCESS;
    const isSameStatus = (now.statusCode ?? statusCodes.ANNOTATION_SUCCESS) === statusCode;
    if (isSameStatus && !isChangedAnnotation(plainAnnotation(now), annotation)) return [];
    const info = annotation.info ?? (now.info ? {} : undefined);
    const whole = { ...annotation, statusCode, ...(info && { info }) };
    return [{ message, inputId: value.id, annotation: whole, action: "overwrite", regionId: now.regionId }];
  });
  const [isIn, wasIn] = [new Set(current.datasets), new Set(value.datasets)];
  return {
    message,
    fields: listedPatch({ ...value, concepts }, listed, "overwrite"),
    hasMissing: value.annotations.some(({ id }) => !before.has(id as string)),
    changed,
    removed: [...before.keys()].filter((id) => !wanted.has(id)),
    datasets: [
      ...[...isIn].filter((id) => !wasIn.has(id)).map((dataset) => ({ message, dataset, isMember: false })),
      ...[...wasIn].filter((id) => !isIn.has(id)).map((dataset) => ({ message, dataset, isMember: true })),
    ],
  };
}
