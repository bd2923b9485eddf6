/** Sink: deletes annotations of inputs. */

import * as z from "zod";
import { idsPolicy } from "../clarifai/batch-policy.js";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { limits } from "../clarifai/limits.js";
import { inParts, settleWith } from "../clarifai/requests.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

const Options = z.strictObject({
  /** "all": every annotation of the input; "given": those that the input lists, by their ids. Default: "given". */
  which: z.enum(["all", "given"]).default("given"),
});
/** Options of `removeAnnotations`. */
export type RemoveAnnotationsOptions = OptionsOf<typeof Options>;

const nothingListed = "it lists no annotations, so none was removed (listInputs reads them with annotations: true)";

/**
 * Deletes annotations: those that each input lists by id, in pairs of input id and annotation id, or all of its inputs. The inputs stay, and so
 * does what came with their upload (concepts, metadata, place). There is no way back.
 *
 * An input that lists no annotations goes on untouched, with a note in the report. A request that is refused fails its inputs.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) when the key may not delete
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
  open({ options: { app }, dryRun, run }) {
    const writer = dryRun ? app.forDryRun() : app;
    run.watch(writer.transport);
    return writer;
  },
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
      const touched = part.map((pair) => pair.message);
      await settleWith(touched, "removeAnnotations", () => app.deleteAnnotations(inputIds, ids, signal));
    }
  },
});
