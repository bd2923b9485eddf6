/** Sink: adds annotations to inputs that exist. */

import { hash } from "node:crypto";
import * as z from "zod";
import { idsPolicy } from "../clarifai/batch-policy.js";
import type { App } from "../clarifai/client/app.js";
import { appOfRun } from "../clarifai/client/app-of-run.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { patchAnnotations } from "../clarifai/patch/patch-annotations.js";
import { inputStates } from "../clarifai/undo/read-states.js";
import { addAnnotations as addAll, existsWithOtherData } from "../clarifai/upload/add-annotations.js";
import { annotationData } from "../clarifai/wire/annotations.js";
import type { Message } from "../core/accounting/message.js";
import { InputError } from "../core/errors.js";
import { checkAnnotation } from "../core/input/annotations/check-annotation.js";
import type { Annotation } from "../core/input/input.js";
import { systemClock } from "../core/net/clock.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

const optionFields = {
  /**
   * What to do if the input already has an annotation with the same id and other data. "error": the input fails. "skip": the stored annotation stays, with a
   * note. "replace": the stored annotation is overwritten. An annotation that exists with the same data is never sent again. Default: "error".
   */
  conflict: z.enum(["error", "skip", "replace"]).default("error"),
  /** Longest time for the retries of a request, in milliseconds. Default: 300,000. */
  retryForMs: z.number().min(0).default(300_000),
};
const Options = z.strictObject(optionFields);
/** Options of `addAnnotations`. */
export type AddAnnotationsOptions = OptionsOf<typeof optionFields>;

const stage = "addAnnotations";
const leftAsItIs = "an annotation with the same id and other data was left as it is";

/**
 * Adds the annotations of each input to the stored input of the same id. The content of the input is not needed and not sent, so a row of a table or a
 * `{ id, annotations }` is enough.
 *
 * An annotation without an id gets one made of the input's id and the annotation's data: a second run adds nothing. Requests have at most 128 annotations. The
 * stored ones are looked up first, so no annotation is added twice, even if an answer is lost.
 *
 * An input without annotations, or whose annotations all exist, is skipped. An input fails if it does not exist, if the platform refuses one of its annotations
 * (with the platform's code), or by `conflict` (ERR_ID_TAKEN); the other annotations of the request are added.
 *
 * Codes: https://docs.clarifai.com/create-manage/annotations
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) the API's code when the key may not write
 * @example
 * const boxes = fromIterable([{ id: "cat-1", annotations: [{ box: [0.1, 0.1, 0.8, 0.9], concepts: ["cat"].map((id) => ({ id })) }] }]);
 * await flow(boxes).pipe(addAnnotations(app)).run();
 */
export const addAnnotations = defineSink({
  name: stage,
  parse(app: App, options: AddAnnotationsOptions = {}) {
    checkApp(stage, app);
    return { app, ...parseOptions(stage, Options, options) };
  },
  target: ({ app }) => app.target("add annotations to"),
  batch: idsPolicy,
  concurrency: 4,
  supportsDryRun: true,
  stateReader: () => inputStates(),
  open: (context) => appOfRun(context),
  async write({ messages }, { options: { conflict, retryForMs }, state: app, signal, dryRun }) {
    for (const message of messages) check(message);
    const open = messages.filter((message) => !message.settled);
    const options = { app, clock: systemClock, signal, stage, retryForMs, idOf, before: "" };
    const { added, differing } = await addAll(open, new Set(open), options);
    const replaced: Parameters<typeof patchAnnotations>[0][number][] = [];
    for (const [message, items] of differing) {
      const [first] = items;
      if (message.settled || !first) continue;
      if (conflict === "error") message.fail(existsWithOtherData("", first), stage);
      else if (conflict === "skip") message.note(leftAsItIs);
      else replaced.push(...items.map((item) => ({ ...item, action: "overwrite" as const })));
    }
    await patchAnnotations(replaced, false, { app, signal, dryRun, done: new Map() });
    for (const message of open) {
      const isChanged = added.has(message) || (conflict === "replace" && differing.has(message));
      if (message.settled || isChanged) continue;
      message.doneBefore(differing.has(message) ? leftAsItIs : "all of its annotations exist");
    }
  },
});

/** Skips or fails what is not to be sent. */
function check(message: Message): void {
  const { annotations } = message.value;
  if (annotations.length === 0) message.skip("the input has no annotations");
  try {
    const ids = new Set<string>();
    for (const annotation of annotations) {
      checkAnnotation(annotation, message.value);
      const id = annotation.id ?? idOf(message.value.id, annotation);
      if (!ids.has(id)) ids.add(id);
      else if (annotation.id === undefined)
        throw duplicate("two annotations are the same; leave one out, or give them ids");
      else throw duplicate(`two annotations have the id ${JSON.stringify(id)}`);
    }
  } catch (error) {
    message.fail(error as InputError, stage);
  }
}

function duplicate(text: string): InputError {
  return new InputError("ERR_ANNOTATION_ID", text);
}

/** Makes an id of what the annotation says, so that the same annotation gets the same id in every run. */
function idOf(inputId: string, annotation: Annotation): string {
  const { info, statusCode } = annotation;
  return hash("sha1", JSON.stringify([inputId, annotationData(annotation), info, statusCode]), "hex").slice(0, 32);
}
