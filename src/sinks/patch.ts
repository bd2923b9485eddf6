/** Sink: changes metadata, concepts and places of inputs, and their annotations. */

import { isDeepStrictEqual } from "node:util";
import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import type { App } from "../client/app.js";
import type { InputPatch, ItemStatus, PatchAction } from "../client/app-types.js";
import { checkApp } from "../client/check-app.js";
import { codes } from "../client/status.js";
import { InputError } from "../core/errors.js";
import type { Annotation, Input } from "../core/input.js";
import { limits } from "../core/limits.js";
import type { Message } from "../core/message.js";
import { type OptionsOf, parseOptions } from "../core/plugin.js";
import { type MessageSink, messageSinkOperator } from "../core/sink-operator.js";
import { mayAppend, patchLists } from "./patching/patch-lists.js";
import { inParts, settleInHalves, settleItems } from "./requests.js";

const Options = z.strictObject({
  /**
   * "merge" adds to what is there, "overwrite" puts the input's data in its place (what is not given goes), "remove" takes away: the
   * named concepts, and the metadata keys whose value is `true`. Default: "merge".
   */
  action: z.enum(["merge", "overwrite", "remove"]).default("merge"),
  /** Deletes an annotation that a removal leaves empty. Default: false. */
  deleteIfEmpty: z.boolean().default(false),
});
/** Options of `patch`. */
export type PatchOptions = OptionsOf<typeof Options>;

/**
 * Patches inputs by their ids: metadata, concepts and place of each input, then its annotations that have ids (boxes and polygons).
 *
 * An input needs its id and what is to change, and no content: media cannot be patched. Of an input that was listed, a merge sends only what a
 * transform changed; of any other it sends all that is given. An input goes on downstream when all its patches succeeded; one that does not
 * exist fails with the platform's code, and the others of its request go on. A merge adds to lists that are there: after a lost answer it is sent
 * again only when the metadata are what they were, and it comes after the annotations. With `deleteIfEmpty`, an annotation that is not there is no failure.
 *
 * Actions: https://docs.clarifai.com/create-manage/inputs/manage
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) when the key may not write
 * @example await flow(csv("./corrections.csv")).pipe(batch(), patch(app, { action: "merge" })).run();
 */
export function patch(app: App, options: PatchOptions = {}): OperatorFunction<Message | readonly Message[], Message> {
  checkApp("patch", app);
  const { action, deleteIfEmpty } = parseOptions("patch", Options, options);
  const make = (to: App): MessageSink => ({
    name: "patch",
    concurrency: 4,
    async write(messages, { signal }) {
      messages[0]?.context.watch(to.transport);
      const items = fieldsOf(messages, action);
      const [lists, plain] = [true, false].map((wanted) =>
        items.filter((item) => mayAppend(item.patch, action) === wanted),
      );
      const send = (patches: readonly InputPatch[]) => to.patchInputs(patches, action, signal);
      await sendFields(plain ?? [], send);
      const unsettled = messages.filter((message) => !message.settled);
      for (const part of inParts(changedAnnotations(unsettled, action), limits.maxInputsPerRequest)) {
        await patchAnnotations(to, part, action, deleteIfEmpty, signal);
      }
      // Last, so that nothing fails after it: tried again, it would add once more.
      await sendFields(lists ?? [], (patches) => patchLists(to, patches, action, signal));
    },
    rehearsal: () => make(to.rehearsed()),
  });
  return messageSinkOperator("patch", () => make(app), app.target(`patch (${action}) in`));
}

interface FieldsItem {
  message: Message;
  patch: InputPatch;
}

interface AnnotationItem {
  message: Message;
  inputId: string;
  annotation: Annotation;
}

function fieldsOf(messages: readonly Message[], action: PatchAction): FieldsItem[] {
  const items: FieldsItem[] = [];
  for (const message of messages) {
    const fields = action === "merge" ? changedFields(message.value, message.source) : message.value;
    const { concepts, metadata, geo } = fields;
    const isEmpty = concepts.length === 0 && Object.keys(metadata).length === 0 && geo === undefined;
    if (isEmpty && (action !== "overwrite" || message.value.annotations.length > 0)) continue;
    items.push({ message, patch: { id: message.value.id, concepts, metadata, geo } });
  }
  return items;
}

async function sendFields(
  items: readonly FieldsItem[],
  send: (patches: readonly InputPatch[]) => Promise<ItemStatus[]>,
): Promise<void> {
  const unsettled = items.filter(({ message }) => !message.settled);
  for (const part of inParts(unsettled, limits.maxInputsPerRequest)) {
    await settleInHalves(part, messagesOf, "patch", async (some) => {
      const patches = some.map(({ patch }) => patch);
      const ids = patches.map(({ id }) => id);
      settleItems(messagesOf(some), ids, await send(patches), "patch");
    });
  }
}

function messagesOf(items: readonly { message: Message }[]): Message[] {
  return items.map(({ message }) => message);
}

/** What a merge has to send: of a listed input the differences, of another everything. */
function changedFields(input: Input, source: Input): Pick<Input, "concepts" | "metadata" | "geo"> {
  if (source.status === undefined) return input;
  const changed = Object.entries(input.metadata).filter(
    ([key, value]) => !(Object.hasOwn(source.metadata, key) && isDeepStrictEqual(value, source.metadata[key])),
  );
  return {
    concepts: input.concepts.filter((concept) => !source.concepts.some((before) => isDeepStrictEqual(before, concept))),
    metadata: Object.fromEntries(changed),
    geo: isDeepStrictEqual(input.geo, source.geo) ? undefined : input.geo,
  };
}

function changedAnnotations(messages: readonly Message[], action: PatchAction): AnnotationItem[] {
  return messages.flatMap((message) => {
    const { value, source } = message;
    const listed = source.status !== undefined && action === "merge";
    return value.annotations
      .filter((annotation) => {
        if (annotation.id === undefined) {
          const text = "an annotation without an id cannot be patched; upload(app) posts new ones";
          message.fail(new InputError("ERR_ANNOTATION_ID", text), "patch");
          return false;
        }
        return !(listed && source.annotations.some((before) => isDeepStrictEqual(before, annotation)));
      })
      .map((annotation) => ({ message, inputId: value.id, annotation }));
  });
}

async function patchAnnotations(
  app: App,
  items: readonly AnnotationItem[],
  action: PatchAction,
  deleteIfEmpty: boolean,
  signal: AbortSignal,
) {
  // What is gone was removed, maybe by a request whose answer was lost.
  const mayBeGone = action === "remove" && deleteIfEmpty;
  await settleInHalves(items, messagesOf, "patch", async (some) => {
    const answers = await app.patchAnnotations(some, action, { deleteIfEmpty, signal });
    const statuses = answers.map(({ id, status }) =>
      mayBeGone && status.code === codes.notFound ? { id, status: { code: codes.annotationSuccess } } : { id, status },
    );
    const ids = some.map(({ annotation }) => annotation.id ?? "");
    settleItems(messagesOf(some), ids, statuses, "patch", "annotation: ");
  });
}
