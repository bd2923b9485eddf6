/** `sluice list`: lists the inputs of an app. */

import { Command } from "commander";
import { type ConnectionOptions, withConnection } from "./common/connection.js";
import { type SelectingOptions, selectedInputs, withSelectedApp, withSelection } from "./common/selecting.js";
import { concludeList, type OutputOptions, printInputs, withOutput } from "./listing/output-options.js";

interface ListOptions extends Omit<ConnectionOptions, "quiet">, SelectingOptions, OutputOptions {}

/** Creates the command. */
export function listCommand(): Command {
  const command = new Command("list")
    .alias("ls")
    .summary("lists and counts the inputs of an app")
    .description(
      "Lists the inputs of an app, oldest first. Each line has id, kind, status, time and concepts. On a terminal, the list has headers and a total.",
    );
  return withConnection(withOutput(withSelection(command)))
    .addHelpText(
      "after",
      "\nExamples:\n  $ sluice list --kind image --limit 20\n  $ sluice list --without annotations --count\n  $ sluice list --count dataset,status\n  $ sluice list --dataset train --annotations\n  $ sluice list --json id,concepts | jq .concepts\n  $ sluice list --before 30d --quiet | sluice remove --ids - --yes",
    )
    .action((options: ListOptions) =>
      withSelectedApp(options, async (app) => {
        // A list is in the order of adding; a count has no order.
        const source = await selectedInputs(app, options, { search: options.count !== undefined });
        const areNamed = options.id !== undefined || options.ids !== undefined;
        concludeList(await printInputs(app, source, options), areNamed, options);
      }),
    );
}
