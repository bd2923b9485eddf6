/** `sluice remove`: deletes inputs after a question. */

import { Command } from "commander";
import type { App } from "../clarifai/client/app.js";
import { OptionsError } from "../core/errors.js";
import { counted } from "../core/util/format/format.js";
import { confirm } from "./common/confirming.js";
import { type ConnectionOptions, withConnection } from "./common/connection.js";
import { type RecordingOptions, withUndo } from "./common/recording.js";
import { finish, type RunningOptions, withRun } from "./common/running.js";
import {
  requireSelection,
  type SelectingOptions,
  selectedInputs,
  selectionText,
  withSelectedApp,
  withSelection,
} from "./common/selecting.js";

interface RemoveOptions extends ConnectionOptions, SelectingOptions, RunningOptions {
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
  return withConnection(withRun(selecting, "none"))
    .addHelpText(
      "after",
      "\nExamples:\n  $ sluice remove --dataset old\n  $ sluice remove --before 2026-01-31 --undo undo.jsonl --undo-media && sluice undo undo.jsonl\n  $ sluice remove --before 90d --without annotations --dry-run\n  $ sluice remove --status failed --yes",
    )
    .action((options: RemoveOptions) => {
      requireSelection("remove", options);
      const isFree = options.yes || options.dryRun;
      if (!isFree && (options.ids === "-" || !process.stdin.isTTY)) {
        const text = "remove cannot ask without a terminal; pass --yes to delete without a question";
        throw new OptionsError("ERR_OPTIONS", text);
      }
      return withSelectedApp(options, (app) => removeSelected(app, options));
    });
}

async function removeSelected(app: App, options: RemoveOptions): Promise<void> {
  const { batch, flow, remove } = await import("../index.js");
  let source = await selectedInputs(app, options);
  if (!options.yes && !options.dryRun) {
    // The run deletes only counted inputs that still match the filters, since others may be added while the question is open.
    const ids: string[] = [];
    for await (const { id } of flow(source)) ids.push(id);
    const question = `Delete ${counted(ids.length, "input")} of ${selectionText(options)}${app.address}? ${afterwards(options)}`;
    if (!(await confirm(question))) {
      process.stderr.write("Nothing was deleted.\n");
      process.exitCode = 1;
      return;
    }
    source = await selectedInputs(app, options, { ids });
  }
  await finish(flow(source).pipe(batch(), remove(app)), options);
}

/** Says whether the inputs can be restored. */
function afterwards({ undo, undoMedia }: RecordingOptions): string {
  if (undo === undefined) return "They cannot be restored (--undo records them).";
  const which = undoMedia ? "them" : "texts, but no files (--undo-media keeps those)";
  return `\`sluice undo ${undo}\` can restore ${which}.`;
}
