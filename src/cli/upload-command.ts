/** `sluice upload` and `sluice plan`: uploads sources to an app, or shows what an upload would do. */

import { Command } from "commander";
import { type ConnectionOptions, withApp, withUploadConnection } from "./common/connection.js";
import { print } from "./common/output.js";
import { withUndo } from "./common/recording.js";
import { finish, type RunningOptions, withRun } from "./common/running.js";
import { type UploadingOptions, uploadFlow, withUploading } from "./common/uploading.js";

type Options = ConnectionOptions & RunningOptions & UploadingOptions;

/** Creates the command that uploads. */
export function uploadCommand(): Command {
  const command = new Command("upload")
    .summary("uploads folders, CSV files and lists of URLs")
    .description(
      "Uploads images, video, audio and text: the files of a folder or an archive, the rows of a CSV, a list of URLs. Without a key, uploads them to the emulator.",
    );
  return withUploadConnection(withUndo(withRun(withUploading(command)), { deletes: true }))
    .addHelpText(
      "after",
      `
Examples:
  $ sluice upload ./photos --folder-labels --metadata split=train
  $ sluice upload ./photos --journal photos.journal --dead-letters failed.jsonl    (after Ctrl-C, the same command does the rest)
  $ sluice upload reviews.csv
  $ sluice upload urls.txt --kind image --fetch
  $ sluice plan ./photos                                                           (shows what would be sent and refused)`,
    )
    .action((paths: string[], options: Options) =>
      withApp(options, async (app) => {
        const inputs = await uploadFlow(app, paths, options);
        await finish(inputs, options);
      }),
    );
}

/** Creates the command that shows what an upload would do. */
export function planCommand(): Command {
  const command = new Command("plan")
    .summary("shows what an upload would do, and sends nothing")
    .description(
      "Shows what `sluice upload` with the same arguments would do: batches, requests, bytes, time, and every input that would be refused. Sends and writes nothing.",
    );
  return withUploadConnection(withUploading(command))
    .optionsGroup("The plan:")
    .option("--journal <file>", "leave out the inputs that this journal records as finished")
    .option("--json", "print the plan as one line of JSON")
    .addHelpText("after", "\nExample:\n  $ sluice plan ./photos --kind image")
    .action((paths: string[], options: Options) =>
      withApp(options, async (app) => {
        const plan = await (await uploadFlow(app, paths, options)).plan({ journal: options.journal });
        process.exitCode = plan.counts.refused > 0 ? 1 : 0;
        await print(options.json ? JSON.stringify(plan) : plan.summary());
      }),
    );
}
