/** `sluice annotate`: adds annotations to inputs that exist, and removes them. */

import { Command, Option } from "commander";
import type { App } from "../../clarifai/client/app.js";
import { OptionsError } from "../../core/errors.js";
import type { Flow } from "../../core/flow/flow.js";
import { type ConnectionOptions, withConnection } from "../common/connection.js";
import { withUndo } from "../common/recording.js";
import { finish, type RunningOptions, withRun } from "../common/running.js";
import {
  filtersIn,
  requireSelection,
  type SelectingOptions,
  selectedInputs,
  withSelectedApp,
  withSelection,
} from "../common/selecting.js";
import { tableSourcesOf } from "../reading/reading.js";

interface AnnotateOptions extends ConnectionOptions, SelectingOptions, RunningOptions {
  conflict?: "error" | "skip" | "replace";
  remove?: boolean;
  removeAll?: boolean;
  all?: boolean;
}

/** Creates the command. */
export function annotateCommand(): Command {
  const command = new Command("annotate")
    .summary("adds annotations to inputs, and removes them")
    .description(
      "Adds the annotations of JSON Lines files to the inputs of the same ids: boxes, polygons and other regions, with their concepts. An annotation that exists with the same data is not added again.",
    )
    .argument(
      "[file...]",
      'JSON Lines files: {"id": "photo-1", "annotations": [{"box": [0.1, 0.1, 0.8, 0.9], "concepts": ["cat"]}]}; a box is [xMin, yMin, xMax, yMax] as shares of width and height; - is stdin',
    )
    .optionsGroup("The annotations:")
    .addOption(
      new Option(
        "--conflict <policy>",
        "if an annotation of the same id has other data: error (default) fails the input, skip leaves the stored one, replace overwrites it",
      ).choices(["error", "skip", "replace"]),
    )
    .option("--remove", "remove the annotations of the files, by their ids, instead of adding them")
    .option("--remove-all", "remove all annotations of the selected inputs");
  return withConnection(withUndo(withRun(withSelection(command).option("--all", "all inputs of the app"), "journal")))
    .addHelpText(
      "after",
      `
Examples:
  $ sluice annotate boxes.jsonl --dry-run
  $ sluice list --with annotations --json id,annotations > boxes.jsonl
  $ sluice annotate --remove-all --dataset draft`,
    )
    .action((paths: string[], options: AnnotateOptions) => {
      checkOptions(paths, options);
      return withSelectedApp(options, async (app) => finish(await annotateFlow(app, paths, options), options));
    });
}

function checkOptions(paths: readonly string[], options: AnnotateOptions): void {
  const { remove, removeAll, conflict, all } = options;
  const refuse = (text: string) => new OptionsError("ERR_OPTIONS", `annotate: ${text}`);
  if (paths.length > 0 === (removeAll ?? false)) throw refuse("name a file, or pass --remove-all and filters");
  if (remove && removeAll) throw refuse("--remove and --remove-all cannot be combined");
  if (conflict !== undefined && (remove || removeAll)) throw refuse("--conflict is for annotations that are added");
  if (removeAll) {
    requireSelection("annotate --remove-all", options);
    return;
  }
  const named = [...filtersIn(options), ...(all ? ["--all"] : [])];
  if (named.length > 0) throw refuse(`the file names the inputs; leave out ${named.join(", ")}`);
}

async function annotateFlow(app: App, paths: readonly string[], options: AnnotateOptions): Promise<Flow<unknown>> {
  const { addAnnotations, batch, flow, removeAnnotations } = await import("../../index.js");
  if (options.removeAll) {
    const source = await selectedInputs(app, options, { annotations: true });
    return flow(source).pipe(batch(), removeAnnotations(app, { which: "all" }));
  }
  const { shard } = options;
  const inputs = flow(await tableSourcesOf(paths, { as: "jsonl", ...(shard !== undefined && { shard }) }));
  if (options.remove) return inputs.pipe(batch(), removeAnnotations(app));
  return inputs.pipe(addAnnotations(app, { conflict: options.conflict ?? "error" }));
}
