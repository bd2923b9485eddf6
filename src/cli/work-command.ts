/** `sluice work`: a pipeline of the user's own on what others submit, together with other workers. */

import { Command } from "commander";
import { fromProject } from "./shared/from-project.js";
import { type EngineOptions, streamOf, withEngine } from "./shared/nats-options.js";
import { notEmpty, wholeNumber } from "./shared/parsing.js";
import { pipelineOf, withPipeline } from "./shared/pipeline.js";
import { conclude, type RunningOptions, runOptions, withRun } from "./shared/running.js";

interface WorkOptions extends EngineOptions, RunningOptions {
  endWhenEmpty?: boolean;
  root?: string;
  maxDeliveries?: number;
}

/** Makes the command. */
export function workCommand(): Command {
  const command = new Command("work")
    .summary("works on a stream of inputs, together with other machines")
    .description(
      "Takes inputs from a stream that `sluice submit` fills, and runs a pipeline of your own on them. Workers may come and go; what one that dies has not finished, another does. Ends on Ctrl-C or SIGTERM.",
    );
  return withRun(withEngine(withPipeline(command)), false)
    .optionsGroup("The work:")
    .option("--end-when-empty", "end when nothing is left on the stream, also not with other workers")
    .option("--root <folder>", "folder of the files, which were submitted with one too", notEmpty)
    .option("--max-deliveries <number>", "times that an input is given to workers (default: 10)", wholeNumber(1))
    .addHelpText("after", "\nExample:\n  $ sluice work pipeline.mjs --stream photos")
    .action(async (path: string, options: WorkOptions) => {
      const { jetstream } = await import("../jetstream/index.js");
      const { endWhenEmpty, root, maxDeliveries } = options;
      const source = jetstream({ ...streamOf(options), endWhenEmpty, root, maxDeliveries });
      const inputs = await pipelineOf(path, source);
      const telemetry = await fromProject<typeof import("@opentelemetry/api")>("@opentelemetry/api");
      const meter = telemetry?.metrics.getMeter("sluice"); // of an SDK that the program was started with; else it does nothing
      await conclude(await inputs.run({ ...runOptions(options), meter }), options);
    });
}
