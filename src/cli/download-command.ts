/** `sluice download`: downloads the contents of an app's inputs as files. */

import { Command } from "commander";
import { type ConnectionOptions, withConnection } from "./common/connection.js";
import { wholeNumber } from "./common/parsing.js";
import { finish, type RunningOptions, withRun } from "./common/running.js";
import { type SelectingOptions, selectedInputs, withSelectedApp, withSelection } from "./common/selecting.js";

interface DownloadOptions extends ConnectionOptions, SelectingOptions, RunningOptions {
  concurrency: number;
  rendition?: string;
}

/** Creates the command. */
export function downloadCommand(): Command {
  const command = new Command("download")
    .summary("downloads the contents of an app")
    .description(
      "Downloads images, video and audio as they were uploaded, and texts. File names are made from ids. The file manifest.jsonl in the folder has a line for each input, with its record and the names of its files; `sluice upload <folder>/manifest.jsonl` uploads the inputs to another app. A second run fetches only missing and changed inputs.",
    )
    .argument("<folder>", "folder for the files");
  const running = withRun(withSelection(command), "none");
  running.option(
    "--rendition <name>",
    "download this size of images in place of the original, such as tiny, small or large",
  );
  running.option("--concurrency <number>", "maximum number of downloads at the same time", wholeNumber(1, 64), 8);
  return withConnection(running)
    .addHelpText("after", "\nExample:\n  $ sluice download ./out --kind image --dataset train")
    .action((folder: string, options: DownloadOptions) =>
      withSelectedApp(options, async (app) => {
        const { download, flow } = await import("../index.js");
        const { concurrency, proxy, rendition } = options;
        const sink = download(folder, { app, concurrency, proxy, ...(rendition !== undefined && { rendition }) });
        const inputs = flow(await selectedInputs(app, options, { search: true })).pipe(sink);
        await finish(inputs, options);
      }),
    );
}
