/** `sluice remove`: deletes inputs after a question. */

import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import type { App } from "../clarifai/client/app.js";
import { counted } from "../core/util/format.js";
import { type ConnectionOptions, withApp, withConnection } from "./shared/connection.js";
import { type RecordingOptions, undoOptions, withUndo } from "./shared/recording.js";
import { conclude, type RunningOptions, runOptions, withRun } from "./shared/running.js";
import { type SelectingOptions, selectionOf, selectionText, withSelection } from "./shared/selecting.js";

interface RemoveOptions extends ConnectionOptions, SelectingOptions, RunningOptions, RecordingOptions {
  all?: boolean;
  yes?: boolean;
}

/** Creates the command. */
export function removeCommand(): Command {
  const command = new Command("remove")
    .summary("deletes inputs of an app")
    .description(
      "Deletes inputs. Counts them first, and asks for a confirmation. With --undo, `sluice undo` can restore them.",
    );
  const selecting = withUndo(withSelection(command), { deletes: true })
    .option("--all", "all inputs of the app")
    .option("--yes", "delete without a question; required without a terminal");
  return withConnection(withRun(selecting, false))
    .addHelpText("after", "\nExamples:\n  $ sluice remove --dataset old\n  $ sluice remove --status 30002 --yes")
    .action((options: RemoveOptions, command: Command) => {
      const problem = problemOf(options);
      if (problem !== undefined) return command.error(`error: ${problem}`, { exitCode: 2 });
      return withApp(options, (app) => removeSelected(app, options));
    });
}

/** Returns what is wrong with the options; undefined if the command can start. */
function problemOf({ all, id, kind, dataset, status, yes }: RemoveOptions): string | undefined {
  const hasFilter = [id, kind, dataset, status].some((option) => option !== undefined);
  if (all && hasFilter) return "--all cannot be combined with --id, --kind, --dataset or --status";
  if (!all && !hasFilter) return "select inputs with --id, --kind, --dataset or --status, or pass --all";
  if (!yes && !process.stdin.isTTY) {
    return "remove cannot ask without a terminal; pass --yes to delete without a question";
  }
  return undefined;
}

async function removeSelected(app: App, options: RemoveOptions): Promise<void> {
  const { batch, flow, listInputs, remove } = await import("../index.js");
  const selection = selectionOf(options);
  if (!options.yes) {
    // The run deletes only counted inputs that still match the filters, since others may be added while the question is open.
    selection.ids = await selectedIds(app, options);
    if (!(await isConfirmed(app, selection.ids.length, options))) {
      process.stderr.write("Nothing was deleted.\n");
      process.exitCode = 1;
      return;
    }
  }
  const inputs = flow(listInputs(app, selection)).pipe(batch(), remove(app));
  await conclude(await inputs.run({ ...runOptions(options), ...undoOptions(options) }), options);
}

async function selectedIds(app: App, options: RemoveOptions): Promise<string[]> {
  const { flow, listInputs, transform } = await import("../index.js");
  const ids: string[] = [];
  const collect = transform((input) => {
    ids.push(input.id);
    return input;
  });
  await flow(listInputs(app, selectionOf(options)))
    .pipe(collect)
    .run();
  return ids;
}

async function isConfirmed(app: App, count: number, options: RemoveOptions): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  try {
    const question = `Delete ${counted(count, "input")} of ${selectionText(options)}${app.address}? ${afterwards(options)} (yes/no) `;
    const answer = await Promise.race([terminal.question(question), closed]);
    return /^\s*yes\s*$/i.test(answer);
  } finally {
    terminal.close();
  }
}

/** Says whether the inputs can be restored. */
function afterwards({ undo, undoMedia }: RecordingOptions): string {
  if (undo === undefined) return "They cannot be restored (--undo records them).";
  const which = undoMedia ? "them" : "texts, but no files (--undo-media keeps those)";
  return `\`sluice undo ${undo}\` can restore ${which}.`;
}
