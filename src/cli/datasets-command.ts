/** `sluice datasets`: lists, creates and deletes datasets, changes their members, and exports them. */

import { Command } from "commander";
import { OptionsError } from "../core/errors.js";
import type { Input } from "../core/input/input.js";
import { counted, printable } from "../core/util/format/format.js";
import { confirm } from "./common/confirming.js";
import { type ConnectionOptions, withApp, withConnection } from "./common/connection.js";
import { print } from "./common/output.js";
import { notEmpty } from "./common/parsing.js";
import { withUndo } from "./common/recording.js";
import { finish, type RunningOptions, withRun } from "./common/running.js";
import {
  requireSelection,
  type SelectingOptions,
  selectedInputs,
  withSelectedApp,
  withSelection,
} from "./common/selecting.js";
import { datasetsOf, requireDataset, sortedOut } from "./datasets/known-datasets.js";
import { mergeCommand } from "./datasets/merge.js";
import { exportCommand, versionsCommand } from "./datasets/versions.js";
import { editSource } from "./editing/editing.js";
import { idText } from "./filters/filter-values.js";

interface ChangeOptions extends ConnectionOptions {
  description?: string;
  yes?: boolean;
  json?: boolean;
}
interface MemberOptions extends ConnectionOptions, SelectingOptions, RunningOptions {
  all?: boolean;
}

/** Creates the command with its own commands. */
export function datasetsCommand(): Command {
  return new Command("datasets")
    .summary("lists, creates, deletes, merges and exports datasets, and changes their members")
    .description(
      "Lists, creates, deletes, merges and exports the datasets of an app, and adds and removes their members.",
    )
    .addCommand(listDatasets())
    .addCommand(createDatasets())
    .addCommand(deleteDatasets())
    .addCommand(changeMembers("add"))
    .addCommand(changeMembers("remove"))
    .addCommand(mergeCommand())
    .addCommand(versionsCommand())
    .addCommand(exportCommand())
    .addHelpText(
      "after",
      "\nExamples:\n  $ sluice datasets create train\n  $ sluice datasets add train --metadata split=train\n  $ sluice datasets remove train --concept blurred\n  $ sluice datasets merge spring summer --into year\n  $ sluice datasets export train train.zip\n  $ sluice datasets list",
    );
}

function listDatasets(): Command {
  const command = new Command("list")
    .alias("ls")
    .description(
      "Lists the datasets of the app, with their descriptions. `sluice list --count dataset` counts their inputs.",
    );
  return withConnection(command)
    .option("--json", "print each dataset as a line of JSON")
    .action((options: ChangeOptions) =>
      withApp(options, async (app) => {
        for await (const { id, description = "" } of datasetsOf(app)) {
          const line = options.json
            ? JSON.stringify({ id, description })
            : printable(`${id.padEnd(48)}  ${description}`);
          await print(line.trimEnd());
        }
      }),
    );
}

function createDatasets(): Command {
  const command = new Command("create").description("Creates datasets. A dataset that exists stays as it is.");
  return withConnection(
    command.argument("<id...>", "ids of the datasets", (id, before?: string[]) => [...(before ?? []), idText(id)]),
  )
    .option("--description <text>", "description of the datasets", notEmpty)
    .option("--dry-run", "show what would be created")
    .action((ids: string[], options: ChangeOptions) =>
      withApp(options, async (app) => {
        const { absent, present } = await sortedOut(app, ids);
        const { description } = options;
        if (absent.length > 0 && !options.dryRun) {
          await app.postDatasets(absent.map((id) => ({ id, ...(description !== undefined && { description }) })));
        }
        for (const id of present) process.stderr.write(`sluice: the dataset ${JSON.stringify(id)} exists\n`);
        await print(
          `${options.dryRun ? "plan: create" : "created"} ${counted(absent.length, "dataset")} in ${app.address}`,
        );
      }),
    );
}

function deleteDatasets(): Command {
  const command = new Command("delete").description("Deletes datasets. Their inputs stay in the app.");
  return withConnection(
    command.argument("<id...>", "ids of the datasets", (id, before?: string[]) => [...(before ?? []), idText(id)]),
  )
    .option("--yes", "delete without a question; required without a terminal")
    .option("--dry-run", "show what would be deleted")
    .action((ids: string[], options: ChangeOptions) => {
      if (!options.yes && !options.dryRun && !process.stdin.isTTY) {
        const text = "datasets delete cannot ask without a terminal; pass --yes to delete without a question";
        throw new OptionsError("ERR_OPTIONS", text);
      }
      return withApp(options, async (app) => {
        const { absent, present } = await sortedOut(app, ids);
        for (const id of absent) process.stderr.write(`sluice: there is no dataset ${JSON.stringify(id)}\n`);
        const question = `Delete ${counted(present.length, "dataset")} of ${app.address}? Their inputs stay.`;
        const isSure = options.yes || options.dryRun || present.length === 0 || (await confirm(question));
        process.exitCode = absent.length > 0 || !isSure ? 1 : 0;
        if (!isSure) process.stderr.write("Nothing was deleted.\n");
        else {
          if (present.length > 0 && !options.dryRun) await app.deleteDatasets(present);
          await print(
            `${options.dryRun ? "plan: delete" : "deleted"} ${counted(present.length, "dataset")} of ${app.address}`,
          );
        }
      });
    });
}

/** Makes the command that adds the selected inputs to a dataset, or removes them from it. */
function changeMembers(verb: "add" | "remove"): Command {
  const isAdded = verb === "add";
  const command = new Command(verb)
    .description(
      isAdded
        ? "Adds the selected inputs to a dataset."
        : "Removes the selected inputs from a dataset. They stay in the app.",
    )
    .argument("<dataset>", "id of the dataset", idText);
  return withConnection(
    withUndo(
      withRun(withSelection(command).option("--all", isAdded ? "all inputs of the app" : "all members"), "none"),
    ),
  ).action((dataset: string, options: MemberOptions) => {
    requireSelection(`datasets ${verb}`, options);
    return withSelectedApp(options, async (app) => {
      const { batch, flow, patch, transform } = await import("../index.js");
      await requireDataset(app, dataset);
      const change = ({ datasets, ...input }: Input): Input => ({
        ...input,
        datasets: isAdded ? [...new Set([...datasets, dataset])] : datasets.filter((one) => one !== dataset),
      });
      // The patch compares with the datasets of each input, so an input that is a member already is skipped.
      const members = !isAdded && options.dataset === undefined ? { ...options, dataset } : options;
      const source = await selectedInputs(app, members, { datasets: true });
      const inputs = flow(editSource(source, () => [verb, dataset])).pipe(transform(change), batch(), patch(app));
      await finish(inputs, options);
    });
  });
}
