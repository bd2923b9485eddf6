/** Sink: removes inputs from a dataset. They stay in the app. */

import * as z from "zod";
import { idsPolicy } from "../clarifai/batch-policy.js";
import type { App } from "../clarifai/client/app.js";
import { appOfRun } from "../clarifai/client/app-of-run.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { failMissing } from "../clarifai/datasets/existing-inputs.js";
import { changeMembers, NeededDataset } from "../clarifai/datasets/members.js";
import { settleWith } from "../clarifai/requests.js";
import { inputStates } from "../clarifai/undo/read-states.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

const optionFields = {
  /** Id of the dataset. */
  dataset: z.string().min(1),
};
const Options = z.strictObject(optionFields);
/** Options of `removeFromDataset`. */
export type RemoveFromDatasetOptions = OptionsOf<typeof optionFields>;

const stage = "removeFromDataset";

/**
 * Removes the inputs that reach it from a dataset of the app, at most 128 per request. The inputs stay in the app and in their other datasets, with all of
 * their data.
 *
 * An input that is not a member stays none: the platform answers as for a member, so it counts as ok. An input that does not exist fails with the
 * platform's code; inputs that `listInputs` listed from the same app need no lookup for it. A dry run sends nothing that writes. A run with `undo` can be undone.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) the API's code when the key may not write, and 11101 when the dataset does not exist
 * @example
 * const old = transform((input) => ((input.createdAt ?? "") < "2024" ? input : null));
 * await flow(listInputs(app, { dataset: "train" })).pipe(old, removeFromDataset(app, { dataset: "train" })).run();
 */
export const removeFromDataset = defineSink({
  name: stage,
  parse(app: App, options: RemoveFromDatasetOptions) {
    checkApp(stage, app);
    return { app, ...parseOptions(stage, Options, options) };
  },
  target: ({ app, dataset }) => app.target(`remove from the dataset ${JSON.stringify(dataset)} in`),
  batch: idsPolicy,
  concurrency: 4,
  supportsDryRun: true,
  stateReader: () => inputStates(),
  open: (context) => {
    const { options, signal, dryRun } = context;
    const needed = new NeededDataset({ ...options, stage, signal, create: false, dryRun });
    return { app: appOfRun(context), needed };
  },
  async write({ messages }, { options: { app, dataset }, state, signal }) {
    await settleWith(messages, stage, () => state.needed.ensure());
    await failMissing(messages, { app, stage, signal });
    await changeMembers(messages, { app: state.app, dataset, isMember: false, stage, signal });
  },
});
