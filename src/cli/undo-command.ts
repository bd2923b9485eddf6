/** `sluice undo`: restores what earlier commands changed. */

import { Command } from "commander";
import { type ConnectionOptions, withApp, withConnection } from "./common/connection.js";
import { print } from "./common/output.js";
import { conclude, type RunningOptions, runOptions, withRun } from "./common/running.js";

type UndoOptions = ConnectionOptions & RunningOptions;

/** Creates the command. */
export function undoCommand(): Command {
  const command = new Command("undo")
    .summary("restores what earlier commands changed")
    .description(
      "Restores inputs as they were before commands with --undo changed or deleted them: fields, annotations, datasets, names of concepts. Deleted images, " +
        "videos and audio are restored if their files were kept (--undo-media). Run it again if it was interrupted.",
    )
    .argument("<file>", "undo file that a command wrote with --undo");
  return withConnection(withRun(command, "none"))
    .addHelpText(
      "after",
      "\nExample:\n  $ sluice remove --dataset old --undo old.undo --undo-media\n  $ sluice undo old.undo",
    )
    .action((path: string, options: UndoOptions) =>
      withApp(options, async (app) => {
        const { planUndo, undo } = await import("../index.js");
        if (options.dryRun) {
          const plan = await planUndo(app, path);
          process.exitCode = plan.counts.refused > 0 ? 1 : 0;
          await print(options.json ? JSON.stringify(plan) : plan.summary());
          return;
        }
        await conclude(await undo(app, path, runOptions(options)), options);
      }),
    );
}
