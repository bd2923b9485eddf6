/** `sluice submit`: publishes references to inputs on a stream, for workers. */

import { Command } from "commander";
import { OptionsError } from "../../core/errors.js";
import { type NatsOptions, streamOf, withNats } from "../common/nats-options.js";
import { notEmpty } from "../common/parsing.js";
import { finish, type RunningOptions, withRun } from "../common/running.js";
import { withReading } from "../reading/arguments.js";
import type { ReadingOptions } from "../reading/options.js";
import { sourcesOf } from "../reading/reading.js";

interface SubmitOptions extends NatsOptions, ReadingOptions, RunningOptions {
  failed?: boolean;
  root?: string;
}

/** Creates the command. */
export function submitCommand(): Command {
  const command = new Command("submit")
    .summary("publishes inputs on a stream, for `sluice work` on other machines")
    .description(
      "Publishes references to inputs on a stream: paths, URLs and fields, but no bytes of files. Workers must see the files under the same paths, or under their own --root.",
    );
  return withRun(withNats(withReading(command, "[source...]")))
    .optionsGroup("The stream:")
    .option(
      "--root <folder>",
      "publish the paths of files relative to this folder, for workers that have it elsewhere",
      notEmpty,
    )
    .option("--failed", "publish the inputs that failed in the workers again, instead of reading sources")
    .addHelpText(
      "after",
      `
Examples:
  $ sluice submit /mnt/photos --stream photos --journal submitted.journal
  $ sluice submit --failed --stream photos`,
    )
    .action(async (paths: string[], options: SubmitOptions) => {
      const { failedInputs, publishTo } = await import("../../jetstream/index.js");
      const { flow } = await import("../../index.js");
      const { failed = false, root } = options;
      if (failed === paths.length > 0) {
        throw new OptionsError("ERR_OPTIONS", "submit: name at least one source, or pass --failed without a source");
      }
      if (failed && options.shard !== undefined) {
        throw new OptionsError("ERR_OPTIONS", "submit: --shard is for sources; leave it out with --failed");
      }
      const { stream, ...address } = streamOf(options);
      const sources = failed ? [failedInputs({ stream, ...address })] : await sourcesOf(paths, options);
      const inputs = flow(sources).pipe(publishTo(stream, { ...address, root, deduplicate: !failed }));
      await finish(inputs, options);
    });
}
