/** Sink: deletes annotations of inputs. */

import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { limits } from "../clarifai/limits.js";
import { inParts, settleWith } from "../clarifai/requests.js";
import type { Message } from "../core/accounting/message.js";
import { type OptionsOf, parseOptions } from "../core/plugin/plugin.js";
import { type MessageSink, messageSinkOperator } from "../core/plugin/sink-operator.js";

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
export function removeAnnotations(
  app: App,
  options: RemoveAnnotationsOptions = {},
): OperatorFunction<Message | readonly Message[], Message> {
  checkApp("removeAnnotations", app);
  const { which } = parseOptions("removeAnnotations", Options, options);
  const make = (to: App): MessageSink => ({
    name: "removeAnnotations",
    concurrency: 4,
    async write(messages, { signal }) {
      messages[0]?.context.watch(to.transport);
      if (which === "all") {
        for (const part of inParts(messages, limits.maxIdsPerRequest)) {
          const ids = part.map((message) => message.value.id);
          await settleWith(part, "removeAnnotations", () => to.deleteAnnotations(ids, undefined, signal));
        }
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
        await settleWith(touched, "removeAnnotations", () => to.deleteAnnotations(inputIds, ids, signal));
      }
    },
    rehearsal: () => make(to.rehearsed()),
  });
  return messageSinkOperator("removeAnnotations", () => make(app), app.target(`remove annotations (${which}) from`));
}
