/** `sluice replay`: tries failed inputs again. */

import { statSync } from "node:fs";
import { Command } from "commander";
import { type ConnectionOptions, withApp, withConnection } from "./shared/connection.js";
import { conclude, type RunningOptions, runOptions, withRun } from "./shared/running.js";

/** Makes the command. */
export function replayCommand(): Command {
  const command = new Command("replay")
    .summary("tries again what an upload gave up on")
    .description(
      "Uploads the inputs of a dead-letter file, as they were before, when the cause of their failure is gone.",
    )
    .argument("<file>", "what --dead-letters of an upload wrote");
  return withConnection(withRun(command))
    .addHelpText("after", "\nExample:\n  $ sluice replay failed.jsonl --dead-letters failed-again.jsonl")
    .action((path: string, options: ConnectionOptions & RunningOptions) =>
      withApp(options, async (app) => {
        const { batch, deadLetters, flow, SourceError, upload } = await import("../index.js");
        const found = statSync(path, { throwIfNoEntry: false });
        if (!found) throw new SourceError("ERR_FILE_UNREADABLE", `${path} does not exist`);
        if (found.isDirectory())
          throw new SourceError("ERR_FILE_UNREADABLE", `${path} is a folder, not a file of dead letters`);
        const inputs = flow(deadLetters(path)).pipe(batch(), upload(app));
        await conclude(await inputs.run(runOptions(options)), options);
      }),
    );
}
