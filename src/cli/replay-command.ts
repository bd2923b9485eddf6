/** `sluice replay`: tries failed inputs again. */

import { existsSync } from "node:fs";
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
        if (!existsSync(path)) throw new SourceError("ERR_FILE_UNREADABLE", `${path} does not exist`);
        const inputs = flow(deadLetters(path)).pipe(batch(), upload(app));
        await conclude(await inputs.run(runOptions(options)), options);
      }),
    );
}
