/** Sink: adds inputs that exist to a dataset. */

import * as z from "zod";
import { idsPolicy } from "../clarifai/batch-policy.js";
import type { App } from "../clarifai/client/app.js";
import { appOfRun } from "../clarifai/client/app-of-run.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { failMissing } from "../clarifai/datasets/existing-inputs.js";
import { changeMembers, NeededDataset } from "../clarifai/datasets/members.js";
import { settleWith } from "../clarifai/requests.js";
import { inputStates } from "../clarifai/undo/read-states.js";
import type { Message } from "../core/accounting/message.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

const optionFields = {
  /** Id of the dataset. */
  dataset: z.string().min(1),
  /** Creates the dataset if it does not exist. False: the run rejects (11101). Default: true. */
  create: z.boolean().default(true),
};
const Options = z.strictObject(optionFields);
/** Options of `addToDataset`. */
export type AddToDatasetOptions = OptionsOf<typeof optionFields>;

const stage = "addToDataset";

/**
 * Adds the inputs that reach it to a dataset of the app, at most 128 per request. The content of an input is not needed and not sent, so a row of a table
 * or `{ id }` is enough.
 *
 * An input that is a member already stays one: the platform answers as for a new member, so it counts as ok. An input that `listInputs` listed from
 * the same app with `datasets: true` is skipped if the listing has the dataset. An input that does not exist fails with the platform's code, and the
 * others of its request are added. The dataset is created before the first request. A dry run sends nothing that writes, and looks up which inputs
 * exist. A run with `undo` can be undone.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) the API's code when the key may not write, or when the dataset does not exist and `create` is false
 * @example await flow(listInputs(app, { kinds: ["image"] })).pipe(addToDataset(app, { dataset: "pictures" })).run();
 */
export const addToDataset = defineSink({
  name: stage,
  parse(app: App, options: AddToDatasetOptions) {
    checkApp(stage, app);
    return { app, ...parseOptions(stage, Options, options) };
  },
  target: ({ app, dataset }) => app.target(`add to the dataset ${JSON.stringify(dataset)} in`),
  batch: idsPolicy,
  concurrency: 4,
  supportsDryRun: true,
  stateReader: () => inputStates(),
  open: (context) => {
    const { options, signal, dryRun } = context;
    const needed = new NeededDataset({ ...options, stage, signal, dryRun });
    return { app: appOfRun(context), needed };
  },
  async write({ messages }, { options: { app, dataset }, state, signal, dryRun, run }) {
    await settleWith(messages, stage, () => state.needed.ensure());
    const isMember = ({ listed, source }: Message) => listed?.app === app.address && source.datasets.includes(dataset);
    const open = messages.filter((message) => !isMember(message));
    for (const message of messages) if (isMember(message)) message.doneBefore("already in the dataset");
    if (dryRun) await failMissing(open, { app, stage, signal });
    await changeMembers(open, { app: state.app, dataset, isMember: true, stage, signal });
    if (open.some((message) => !message.settled)) run.addDatasets([dataset]);
  },
});
