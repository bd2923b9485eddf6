/** Sink: changes metadata, concepts, locations and datasets of inputs, and their annotations. */

import * as z from "zod";
import { idsPolicy } from "../clarifai/batch-policy.js";
import type { App } from "../clarifai/client/app.js";
import type { PatchAction } from "../clarifai/client/app-types.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { type FieldsPatch, listedPatch, removedField, rowPatch, unsupported } from "../clarifai/patch/fields-patch.js";
import {
  type AnnotationsPatch,
  annotationsPatch,
  deleteAnnotations,
  patchAnnotations,
} from "../clarifai/patch/patch-annotations.js";
import { type DatasetItem, datasetsPatch, patchDatasets } from "../clarifai/patch/patch-datasets.js";
import { type PatchContext, patchFields } from "../clarifai/patch/patch-fields.js";
import { WritesById } from "../clarifai/patch/writes-by-id.js";
import type { Message } from "../core/accounting/message.js";
import type { Content, Input } from "../core/input/input.js";
import { mediaKinds } from "../core/input/kinds.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

const Options = z.strictObject({
  /**
   * "merge" adds to what the server has, "overwrite" replaces the input's data (an input that was not listed loses what it does not give),
   * "remove" deletes the concepts that are named, the metadata keys whose value is `true`, and the location. Default: "merge".
   */
  action: z.enum(["merge", "overwrite", "remove"]).default("merge"),
  /** Deletes an annotation that a removal leaves empty. Default: false. */
  deleteIfEmpty: z.boolean().default(false),
});
/** Options of `patch`. */
export type PatchOptions = OptionsOf<typeof Options>;

/**
 * Patches inputs by their ids: metadata, concepts, location and datasets of each input, and its annotations that have ids.
 *
 * An input that `listInputs` listed from the same app is compared with its state then. A merge sends the differences, and removes what a transform
 * took away: metadata keys, concepts, the location, annotations. An overwrite sends all of its data, with the changes. Untouched annotations are
 * never sent. If nothing changed, nothing is sent and the input is skipped ("nothing to change"). Differences that the API cannot merge, such as null
 * or a changed list, overwrite the input's data if the server still has the listed state; otherwise the input fails.
 *
 * Any other input, such as a row of a table, is sent as it is given. An overwrite of it deletes what it does not give. A list is appended to the
 * server's list, once, even if an answer is lost.
 *
 * The answer is compared with what was asked for; an input whose result differs fails (ERR_PATCH_RESULT). Media, ids and names of concepts cannot
 * be patched, and annotations cannot be added: an input with such a change fails before anything is sent (ERR_PATCH_UNSUPPORTED,
 * ERR_ANNOTATION_ID). If a later request of an input fails, the error says what was done before.
 *
 * Actions: https://docs.clarifai.com/create-manage/inputs/manage
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) when the key may not write
 * @example await flow(csv("./corrections.csv")).pipe(batch(), patch(app, { action: "merge" })).run();
 */
export const patch = defineSink({
  name: "patch",
  parse(app: App, options: PatchOptions = {}) {
    checkApp("patch", app);
    return { app, ...parseOptions("patch", Options, options) };
  },
  target: ({ app, action }) => app.target(`patch (${action}) in`),
  batch: idsPolicy,
  concurrency: 4,
  supportsDryRun: true,
  open({ options: { app }, dryRun, run }) {
    const writer = dryRun ? app.forDryRun() : app;
    run.watch(writer.transport);
    return { app: writer, writes: new WritesById() };
  },
  async write({ messages }, { options: { action, deleteIfEmpty }, state: { app, writes }, signal, dryRun }) {
    await writes.inOrder(messages, async (some) => {
      const planned = some.flatMap((message) => plannedOf(message, app.place, action) ?? []);
      await send(planned, deleteIfEmpty, { app, signal, dryRun, done: new Map() });
    });
  },
});

interface Planned {
  message: Message;
  fields: FieldsPatch | undefined;
  annotations: AnnotationsPatch;
  datasets: DatasetItem[];
}

/** What is to be sent of a message; a message that cannot be patched, or needs no patch, is settled. */
function plannedOf(message: Message, place: string, action: PatchAction): Planned | undefined {
  try {
    const planned = plan(message, place, action);
    const { fields, annotations, datasets } = planned;
    if (fields || annotations.changed.length > 0 || annotations.removed.length > 0 || datasets.length > 0)
      return planned;
    message.doneBefore("nothing to change");
  } catch (error) {
    message.fail(error, "patch");
  }
  return undefined;
}

function plan(message: Message, place: string, action: PatchAction): Planned {
  const { value, source, listed } = message;
  if (!isSameContent(value, source)) throw unsupported("a transform changed its content, and media cannot be patched");
  if (listed && value.id !== listed.id) {
    throw unsupported(`a transform changed the id of a listed input from ${listed.id} to ${value.id}`);
  }
  const isHere = listed?.place === place;
  const removed = isHere ? undefined : removedField(message);
  if (removed !== undefined) {
    const text = `a transform took away ${removed} of an input that was listed from ${listed?.place}`;
    throw unsupported(`${text}; patch removes it only there, and this is ${place}`);
  }
  if (isHere && action === "remove") {
    const text = 'action "remove" takes inputs that name what is to go, and this one was listed';
    throw unsupported(`${text}; take it away with a transform and use action "merge"`);
  }
  return {
    message,
    fields: isHere && action !== "remove" ? listedPatch(value, listed, action) : rowPatch(value, action),
    annotations: annotationsPatch(message, isHere ? listed : undefined, action),
    datasets: datasetsPatch(message, isHere, action),
  };
}

/** Lists come last: if something else fails and the input is patched again, they are not appended again. */
async function send(planned: readonly Planned[], deleteIfEmpty: boolean, context: PatchContext): Promise<void> {
  const fields = planned.flatMap(({ message, fields: patch }) => (patch ? [{ message, patch }] : []));
  await patchFields(
    fields.filter(({ patch }) => !patch.appends),
    context,
  );
  await patchAnnotations(
    planned.flatMap(({ annotations }) => annotations.changed),
    deleteIfEmpty,
    context,
  );
  const gone = planned.flatMap(({ message, annotations }) => annotations.removed.map((id) => ({ message, id })));
  await deleteAnnotations(gone, context);
  await patchDatasets(
    planned.flatMap(({ datasets }) => datasets),
    context,
  );
  await patchFields(
    fields.filter(({ patch, message }) => patch.appends && !message.settled),
    context,
  );
}

/** Whether two inputs have the same content; what is known about it does not count. */
function isSameContent(one: Input, other: Input): boolean {
  if (one.text !== other.text || one.textUrl !== other.textUrl) return false;
  return mediaKinds.every((kind) => one[kind] === other[kind] || identityOf(one[kind]) === identityOf(other[kind]));
}

function identityOf(content: Content | undefined): unknown {
  if (!content) return undefined;
  return "path" in content ? content.path : "url" in content ? content.url : content.bytes;
}
