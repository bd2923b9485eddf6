/** `sluice datasets merge`: adds the members of datasets to another dataset. */

import { Command } from "commander";
import { OptionsError } from "../../core/errors.js";
import { type ConnectionOptions, withApp, withConnection } from "../common/connection.js";
import { withUndo } from "../common/recording.js";
import { finish, type RunningOptions, withRun } from "../common/running.js";
import { idText } from "../filters/filter-values.js";
import { sortedOut } from "./known-datasets.js";

interface MergeOptions extends ConnectionOptions, RunningOptions {
  into: string;
  create: boolean;
}

/** Creates the command. */
export function mergeCommand(): Command {
  const command = new Command("merge")
    .description(
      "Adds the members of one or several datasets to another dataset, which is created if it does not exist. The datasets keep their members. A second run changes nothing.",
    )
    .argument("<dataset...>", "ids of the datasets", (id, before?: string[]) => [...(before ?? []), idText(id)])
    .requiredOption("--into <dataset>", "id of the dataset that gets the members", idText)
    .option("--no-create", "refuse a dataset --into that does not exist");
  return withConnection(withUndo(withRun(command, "journal")))
    .addHelpText("after", "\nExample:\n  $ sluice datasets merge spring summer --into year")
    .action((from: string[], options: MergeOptions) =>
      withApp(options, async (app) => {
        const { mergeDatasets } = await import("../../index.js");
        const { into, create } = options;
        const { absent } = await sortedOut(app, create ? from : [...from, into]);
        if (absent.length > 0) {
          const names = absent.map((id) => JSON.stringify(id)).join(", ");
          const text = `there is no dataset ${names} in ${app.address}; \`sluice datasets list\` shows the datasets`;
          throw new OptionsError("ERR_OPTIONS", text);
        }
        await finish(mergeDatasets(app, { from: [...new Set(from)], into, create }), options);
      }),
    );
}
