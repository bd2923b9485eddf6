/** `sluice run`: runs the user's own pipeline on this machine. */

import { Command } from "commander";
import { type ConnectionOptions, withTarget } from "../common/connection.js";
import { pipelineOf, withPipeline } from "../common/pipeline.js";
import { finish, type RunningOptions, withRun } from "../common/running.js";
import { withReading } from "../reading/arguments.js";
import type { ReadingOptions } from "../reading/options.js";
import { sourcesOf } from "../reading/reading.js";
import { exportTarget, targetOf } from "../target/target.js";

/** Creates the command. */
export function runPipelineCommand(): Command {
  const command = new Command("run")
    .summary("runs your own pipeline on this machine")
    .description(
      "Reads sources and runs them through your own pipeline: a module whose default export makes a flow from a source.",
    );
  return withTarget(withRun(withReading(withPipeline(command))))
    .addHelpText(
      "after",
      `
Example, pipeline.mjs:
  import { batch, connect, flow, tagMetadata, upload } from "sluice";
  const app = await connect();
  export default (source) => flow(source).pipe(tagMetadata({ split: "train" }), batch(), upload(app));
  $ sluice run pipeline.mjs ./photos
The same on many machines: \`sluice submit\` and \`sluice work\`.`,
    )
    .action(async (path: string, sources: string[], options: ReadingOptions & RunningOptions & ConnectionOptions) => {
      exportTarget(targetOf(options));
      const inputs = await pipelineOf(path, await sourcesOf(sources, options));
      await finish(inputs, options);
    });
}
