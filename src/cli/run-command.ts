/** `sluice run`: a pipeline of the user's own, on this machine. */

import { Command } from "commander";
import { pipelineOf, withPipeline } from "./shared/pipeline.js";
import { type ReadingOptions, sourcesOf, withReading } from "./shared/reading.js";
import { conclude, type RunningOptions, runOptions, withRun } from "./shared/running.js";

/** Makes the command. */
export function runPipelineCommand(): Command {
  const command = new Command("run")
    .summary("runs a pipeline of your own on this machine")
    .description(
      "Reads sources through a pipeline of your own: a module whose default export makes a flow of a source.",
    );
  return withRun(withReading(withPipeline(command)))
    .addHelpText(
      "after",
      `
Example, pipeline.mjs:
  import { batch, connect, flow, stripUnicode, upload } from "sluice";
  export default async (source) => flow(source).pipe(stripUnicode(), batch(), upload(await connect()));
  $ sluice run pipeline.mjs ./photos
The same on many machines: \`sluice submit\` and \`sluice work\`.`,
    )
    .action(async (path: string, sources: string[], options: ReadingOptions & RunningOptions) => {
      const inputs = await pipelineOf(path, await sourcesOf(sources, options));
      await conclude(await inputs.run(runOptions(options)), options);
    });
}
