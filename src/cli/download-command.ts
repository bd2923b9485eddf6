/** `sluice download`: downloads the contents of an app's inputs as files. */

import { Command } from "commander";
import { type ConnectionOptions, withApp, withConnection } from "./shared/connection.js";
import { wholeNumber } from "./shared/parsing.js";
import { conclude, type RunningOptions, runOptions, withRun } from "./shared/running.js";
import { type SelectingOptions, selectionOf, withSelection } from "./shared/selecting.js";

interface DownloadOptions extends ConnectionOptions, SelectingOptions, RunningOptions {
  concurrency: number;
}

/** Creates the command. */
export function downloadCommand(): Command {
  const command = new Command("download")
    .summary("downloads the contents of an app")
    .description(
      "Downloads images, video and audio as they were uploaded, and texts. File names are made from ids. The file manifest.jsonl in the folder has a line for each input, with its record and the names of its files; `sluice upload <folder>/manifest.jsonl` uploads the inputs to another app. A second run fetches only missing and changed inputs.",
    )
    .argument("<folder>", "folder for the files");
  const running = withRun(withSelection(command), false);
  running.option("--concurrency <number>", "maximum number of downloads at the same time", wholeNumber(1, 64), 8);
  return withConnection(running)
    .addHelpText("after", "\nExample:\n  $ sluice download ./out --kind image --dataset train")
    .action((folder: string, options: DownloadOptions) =>
      withApp(options, async (app) => {
        const { download, flow, listInputs } = await import("../index.js");
        const { concurrency, proxy } = options;
        const inputs = flow(listInputs(app, selectionOf(options))).pipe(download(folder, { app, concurrency, proxy }));
        await conclude(await inputs.run(runOptions(options)), options);
      }),
    );
}
