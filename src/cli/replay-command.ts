/** `sluice replay`: uploads failed inputs again. */

import { statSync } from "node:fs";
import { Command } from "commander";
import { type ConnectionOptions, withApp, withUploadConnection } from "./common/connection.js";
import { finish, type RunningOptions, withRun } from "./common/running.js";
import { type UploadingOptions, withConflict } from "./common/uploading.js";

/** Creates the command. */
export function replayCommand(): Command {
  const command = new Command("replay")
    .summary("uploads the failed inputs of an earlier upload again")
    .description(
      "Uploads the inputs of a dead-letter file again, as they were. Use it when the cause of their failure is fixed.",
    )
    .argument("<file>", "dead-letter file that an upload wrote with --dead-letters");
  return withUploadConnection(withConflict(withRun(command)))
    .addHelpText(
      "after",
      "\nExamples:\n  $ sluice replay failed.jsonl --dead-letters failed-again.jsonl\n  $ sluice replay failed.jsonl --conflict suffix        (if other inputs have their ids)",
    )
    .action((path: string, options: ConnectionOptions & RunningOptions & Pick<UploadingOptions, "conflict">) =>
      withApp(options, async (app) => {
        const { batch, deadLetters, flow, SourceError, upload } = await import("../index.js");
        const stats = statSync(path, { throwIfNoEntry: false });
        if (!stats) throw new SourceError("ERR_FILE_UNREADABLE", `${path} does not exist`);
        if (stats.isDirectory())
          throw new SourceError("ERR_FILE_UNREADABLE", `${path} is a folder, not a dead-letter file`);
        const inputs = flow(deadLetters(path)).pipe(batch(), upload(app, { conflict: options.conflict }));
        await finish(inputs, options);
      }),
    );
}
