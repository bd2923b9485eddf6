/** Sink: changes metadata, concepts, locations and datasets of inputs, and their annotations. */

import * as z from "zod";
import { idsPolicy } from "../clarifai/batch-policy.js";
import type { App } from "../clarifai/client/app.js";
import { appOfRun } from "../clarifai/client/app-of-run.js";
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
import { inputStates } from "../clarifai/undo/read-states.js";
import type { Message } from "../core/accounting/message.js";
import { nameOfContent } from "../core/input/content.js";
import type { Content, Input } from "../core/input/input.js";
import { mediaKinds } from "../core/input/kinds.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

const optionFields = {
  /**
   * "merge" adds to the stored data. "overwrite" replaces the stored data; stored fields that an unlisted input does not have are deleted. "remove"
   * deletes the named concepts, the metadata keys whose value is `true`, and the location. Default: "merge".
   */
  action: z.enum(["merge", "overwrite", "remove"]).default("merge"),
  /** Deletes an annotation that a removal leaves empty. Default: false. */
  deleteIfEmpty: z.boolean().default(false),
};
const Options = z.strictObject(optionFields);
/** Options of `patch`. */
export type PatchOptions = OptionsOf<typeof optionFields>;

/**
 * Patches inputs by their ids: metadata, concepts, location and datasets of each input, and its annotations that have ids.
 *
 * An input that `listInputs` listed from the same app is compared with its listed state. A merge sends the differences, and removes metadata keys,
 * concepts, the location and annotations that a transform removed. An overwrite sends all of its data, with the changes. Unchanged annotations are
 * never sent. If nothing changed, nothing is sent and the input is skipped ("nothing to change"). Differences that the API cannot merge, such as null
 * or a changed list, overwrite the input's data if the server still has the listed state; otherwise the input fails.
 *
 * Any other input, such as a row of a table, is sent as it is. An overwrite deletes stored fields that it does not have. A list is appended to the
 * stored list, once, even if an answer is lost.
 *
 * The answer is compared with the request; an input whose result differs fails (ERR_PATCH_RESULT). Media, ids and names of concepts cannot be patched,
 * and `addAnnotations` adds annotations: an input with such a change fails before anything is sent (ERR_PATCH_UNSUPPORTED, ERR_ANNOTATION_ID). If a later
 * request of an input fails, the error names the requests that succeeded. Inputs pass downstream in the order of completion.
 *
 * Actions: https://docs.clarifai.com/create-manage/inputs/manage
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) the API's code when the key may not write
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
  stateReader: () => inputStates(),
  open: (context) => ({ app: appOfRun(context), writes: new WritesById() }),
  async write({ messages }, { options: { action, deleteIfEmpty }, state: { app, writes }, signal, dryRun }) {
    await writes.inOrder(messages, async (part) => {
      const planned = part.flatMap((message) => plannedOf(message, app.address, action) ?? []);
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

/** Plans the patch of a message. Settles a message that cannot be patched or needs no patch, and returns undefined. */
function plannedOf(message: Message, address: string, action: PatchAction): Planned | undefined {
  try {
    const planned = plan(message, address, action);
    const { fields, annotations, datasets } = planned;
    if (fields || annotations.changed.length > 0 || annotations.removed.length > 0 || datasets.length > 0)
      return planned;
    message.doneBefore("nothing to change");
  } catch (error) {
    message.fail(error, "patch");
  }
  return undefined;
}

function plan(message: Message, address: string, action: PatchAction): Planned {
  const { value, source, listed } = message;
  if (!isSameContent(value, source)) throw unsupported("a transform changed its content, and media cannot be patched");
  if (listed && value.id !== listed.id) {
    throw unsupported(`a transform changed the id of a listed input from ${listed.id} to ${value.id}`);
  }
  const isListedHere = listed?.app === address;
  const removed = isListedHere ? undefined : removedField(message);
  if (removed !== undefined) {
    const text = `a transform removed ${removed} of an input that was listed from ${listed?.app}`;
    throw unsupported(`${text}; patch can remove it only there, and this is ${address}`);
  }
  if (isListedHere && action === "remove") {
    const text = 'action "remove" is for inputs that name the fields to remove, and this input was listed';
    throw unsupported(`${text}; remove the fields with a transform and use action "merge"`);
  }
  return {
    message,
    fields: isListedHere && action !== "remove" ? listedPatch(value, listed, action) : rowPatch(value, action),
    annotations: annotationsPatch(message, isListedHere ? listed : undefined, action),
    datasets: datasetsPatch(message, isListedHere, action),
  };
}

/** Sends the patches. Lists come last: if another request fails and the input is patched again, no list is appended twice. */
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
  const removed = planned.flatMap(({ message, annotations }) => annotations.removed.map((id) => ({ message, id })));
  await deleteAnnotations(removed, context);
  await patchDatasets(
    planned.flatMap(({ datasets }) => datasets),
    context,
  );
  await patchFields(
    fields.filter(({ patch, message }) => patch.appends && !message.settled),
    context,
  );
}

/** Whether two inputs have the same content; facts about it, such as its size, do not count. */
function isSameContent(one: Input, other: Input): boolean {
  if (one.text !== other.text || one.textUrl !== other.textUrl) return false;
  return mediaKinds.every((kind) => one[kind] === other[kind] || identityOf(one[kind]) === identityOf(other[kind]));
}

function identityOf(content: Content | undefined): unknown {
  if (!content) return undefined;
  if ("bytes" in content) return content.bytes;
  return "url" in content ? content.url : nameOfContent(content);
}
