/** Sink: deletes annotations of inputs. */

import * as z from "zod";
import { idsPolicy } from "../clarifai/batch-policy.js";
import type { App } from "../clarifai/client/app.js";
import { appOfRun } from "../clarifai/client/app-of-run.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { limits } from "../clarifai/limits.js";
import { inParts, settleWith } from "../clarifai/requests.js";
import { inputStates } from "../clarifai/undo/read-states.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

const optionFields = {
  /** "all": every stored annotation of the input. "given": the annotations in the input, by their ids. Default: "given". */
  which: z.enum(["all", "given"]).default("given"),
};
const Options = z.strictObject(optionFields);
/** Options of `removeAnnotations`. */
export type RemoveAnnotationsOptions = OptionsOf<typeof optionFields>;

const nothingListed =
  "the input has no annotations, so none was removed (listAnnotations lists them, and listInputs with annotations: true)";

/**
 * Deletes annotations: by default those that each input has, by input id and annotation id, or all stored annotations of the inputs. The inputs stay,
 * and so do the concepts, metadata and location of their upload. Only a run with `undo` can be undone.
 *
 * Requests have at most 128 ids. An input without annotations passes unchanged, with a note in the report. If the server refuses a request, its inputs
 * fail with the platform's code.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) the API's code when the key may not delete
 * @example
 * const boxes = listInputs(app, { annotations: true });
 * await flow(boxes).pipe(batch(), removeAnnotations(app)).run();
 */
export const removeAnnotations = defineSink({
  name: "removeAnnotations",
  parse(app: App, options: RemoveAnnotationsOptions = {}) {
    checkApp("removeAnnotations", app);
    return { app, ...parseOptions("removeAnnotations", Options, options) };
  },
  target: ({ app, which }) => app.target(`remove annotations (${which}) from`),
  batch: idsPolicy,
  concurrency: 4,
  supportsDryRun: true,
  stateReader: () => inputStates(),
  open: (context) => appOfRun(context),
  async write({ messages }, { options: { which }, state: app, signal }) {
    if (which === "all") {
      const ids = messages.map((message) => message.value.id);
      await settleWith(messages, "removeAnnotations", () => app.deleteAnnotations(ids, undefined, signal));
      return;
    }
    const pairs = messages.flatMap((message) =>
      message.value.annotations.flatMap(({ id }) => (id === undefined ? [] : [{ message, id }])),
    );
    for (const message of messages) if (message.value.annotations.length === 0) message.note(nothingListed);
    for (const part of inParts(pairs, limits.maxIdsPerRequest)) {
      const inputIds = part.map((pair) => pair.message.value.id);
      const ids = part.map((pair) => pair.id);
      const changed = part.map((pair) => pair.message);
      await settleWith(changed, "removeAnnotations", () => app.deleteAnnotations(inputIds, ids, signal));
    }
  },
});
