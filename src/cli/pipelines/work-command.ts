/** `sluice work`: runs the user's own pipeline on the inputs of a stream, together with other workers. */

import { Command } from "commander";
import { type ConnectionOptions, withTarget } from "../common/connection.js";
import { fromProject } from "../common/from-project.js";
import { type NatsOptions, streamOf, withNats } from "../common/nats-options.js";
import { notEmpty, wholeNumber } from "../common/parsing.js";
import { pipelineOf, withPipeline } from "../common/pipeline.js";
import { conclude, type RunningOptions, runOptions, withReport } from "../common/running.js";
import { exportTarget, targetOf } from "../target/target.js";

interface WorkOptions extends NatsOptions, RunningOptions, ConnectionOptions {
  endWhenEmpty?: boolean;
  root?: string;
  maxDeliveries?: number;
}

/** Creates the command. */
export function workCommand(): Command {
  const command = new Command("work")
    .summary("processes the inputs of a stream, together with other machines")
    .description(
      "Reads inputs from a stream that `sluice submit` fills, and runs your own pipeline on them. You can start and stop workers at any time. If a worker dies, another one takes over its inputs. Ends on Ctrl-C or SIGTERM.",
    );
  return withTarget(withReport(withNats(withPipeline(command)), "none"))
    .optionsGroup("The work:")
    .option("--end-when-empty", "end when the stream is empty and no other worker has inputs")
    .option("--root <folder>", "folder of the files, if they were submitted with --root", notEmpty)
    .option(
      "--max-deliveries <number>",
      "maximum number of deliveries of an input before it fails (default: 10)",
      wholeNumber(1),
    )
    .addHelpText("after", "\nExample:\n  $ sluice work pipeline.mjs --stream photos")
    .action(async (path: string, options: WorkOptions) => {
      exportTarget(targetOf(options));
      const { jetstream } = await import("../../jetstream/index.js");
      const { endWhenEmpty, root, maxDeliveries } = options;
      const source = jetstream({ ...streamOf(options), endWhenEmpty, root, maxDeliveries });
      const inputs = await pipelineOf(path, source);
      const telemetry = await fromProject<typeof import("@opentelemetry/api")>("@opentelemetry/api");
      // This meter does nothing unless the program was started with an OpenTelemetry SDK.
      const meter = telemetry?.metrics.getMeter("sluice");
      await conclude(await inputs.run({ ...runOptions(options), meter }), options);
    });
}
