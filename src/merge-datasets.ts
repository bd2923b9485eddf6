/** A flow that adds the members of datasets to another dataset. */

import * as z from "zod";
import type { App } from "./clarifai/client/app.js";
import { checkApp } from "./clarifai/client/check-app.js";
import { OptionsError } from "./core/errors.js";
import { type Flow, flow } from "./core/flow/flow.js";
import { type OptionsOf, parseOptions } from "./core/plugin/options.js";
import { addToDataset } from "./sinks/add-to-dataset.js";
import { listInputs } from "./sources/list-inputs.js";

const optionFields = {
  /** Id of the dataset, or ids of the datasets, whose members are added. They keep their members. */
  from: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  /** Id of the dataset that gets the members. */
  into: z.string().min(1),
  /** Creates the dataset `into` if it does not exist. Default: true. */
  create: z.boolean().default(true),
};
const Options = z.strictObject(optionFields);
/** Options of `mergeDatasets`. */
export type MergeDatasetsOptions = OptionsOf<typeof optionFields>;

/**
 * Makes the flow that adds the members of one or several datasets to another one: `listInputs(app, { dataset: from })` and `addToDataset(app)`. Call `run`
 * or `plan` on it.
 *
 * It streams: memory does not grow with the content of the inputs, and a run with a journal resumes. An input in several of the datasets is added once.
 * A second run changes nothing.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {ApiError} (the run rejects) 11101 when a dataset of `from` does not exist
 * @example await mergeDatasets(app, { from: ["train-1", "train-2"], into: "train" }).run({ journal: "./merge.journal" });
 */
export function mergeDatasets(app: App, options: MergeDatasetsOptions): Flow {
  checkApp("mergeDatasets", app);
  const { from, into, create } = parseOptions("mergeDatasets", Options, options);
  if ([from].flat().includes(into)) {
    const text = `mergeDatasets: the dataset ${JSON.stringify(into)} cannot be merged into itself; leave it out of from`;
    throw new OptionsError("ERR_OPTIONS", text);
  }
  return flow(listInputs(app, { dataset: from })).pipe(addToDataset(app, { dataset: into, create }));
}
