/** Sink: changes the state of annotations. */

import * as z from "zod";
import { idsPolicy } from "../clarifai/batch-policy.js";
import type { App } from "../clarifai/client/app.js";
import { appOfRun } from "../clarifai/client/app-of-run.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { patchStatuses, type StatusItem } from "../clarifai/patch/patch-statuses.js";
import { inputStates } from "../clarifai/undo/read-states.js";
import { annotationStatus } from "../clarifai/wire/annotation-status.js";
import { statusCodes } from "../clarifai/wire/status-codes.js";
import type { Message } from "../core/accounting/message.js";
import { InputError } from "../core/errors.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

const optionFields = {
  /**
   * The state that the annotations get: "success", "pending", "awaiting review", "awaiting consensus review" or "review denied", or its code. The API reports
   * a failed request with the state "failed", so no annotation can be patched to it.
   */
  status: annotationStatus.refine(
    (code) => code !== statusCodes.ANNOTATION_FAILED,
    '"failed" is the state of a request that failed; give the annotation another state',
  ),
};
const Options = z.strictObject(optionFields);
/** Options of `patchAnnotations`. */
export type PatchAnnotationsOptions = OptionsOf<typeof optionFields>;

const stage = "patchAnnotations";

/**
 * Gives the annotations of each input a state, such as "success" after a review. It finds them by their ids, and changes nothing else of them; `patch`
 * changes their data.
 *
 * Requests have at most 128 annotations. An annotation that was listed from the same app with this state is not sent; if none is left, or the input has no
 * annotations, the input is skipped. The answer is compared with the request, for each annotation; if it does not tell the state, the annotation is looked
 * up. An input fails if one of its annotations has no id (ERR_ANNOTATION_ID), is refused (with the platform's code), or has another state afterwards
 * (ERR_PATCH_RESULT); its other annotations are patched.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) the API's code when the key may not write
 * @example
 * const waiting = listAnnotations(app, { statuses: ["awaiting review"], workers: ["ann"] });
 * await flow(waiting).pipe(patchAnnotations(app, { status: "success" })).run();
 */
export const patchAnnotations = defineSink({
  name: stage,
  parse(app: App, options: PatchAnnotationsOptions) {
    checkApp(stage, app);
    return { app, ...parseOptions(stage, Options, options) };
  },
  target: ({ app, status }) => app.target(`patch annotations (${status}) in`),
  batch: idsPolicy,
  concurrency: 4,
  supportsDryRun: true,
  stateReader: () => inputStates(),
  open: (context) => appOfRun(context),
  async write({ messages }, { options: { status }, state: app, signal, dryRun }) {
    const items = messages.flatMap((message) => itemsOf(message, app.address, status));
    await patchStatuses(items, status, { app, signal, stage, dryRun });
  },
});

/** Returns the annotations of a message that are to be sent; settles a message that has none. */
function itemsOf(message: Message, address: string, status: number): StatusItem[] {
  const { id: inputId, annotations } = message.value;
  if (annotations.length === 0) {
    message.skip("the input has no annotations");
    return [];
  }
  const listed = message.listed?.app === address ? message.listed.annotations : undefined;
  const before = new Map(listed?.map((one) => [one.id, one.statusCode ?? statusCodes.ANNOTATION_SUCCESS]));
  const ids = new Set<string>();
  for (const { id } of annotations) {
    if (id !== undefined) ids.add(id);
    else {
      const text =
        "patchAnnotations finds annotations by their ids, and one has no id; listAnnotations and listInputs list them with their ids";
      message.fail(new InputError("ERR_ANNOTATION_ID", text), stage);
      return [];
    }
  }
  const changed = [...ids].filter((id) => before.get(id) !== status);
  if (changed.length === 0) message.doneBefore("nothing to change");
  return changed.map((id) => ({ message, inputId, id }));
}
