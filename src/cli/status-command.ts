/** `sluice status`: what became of the inputs of a stream, over all its workers. */

import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { type EngineOptions, streamOf, withEngine } from "./shared/nats-options.js";
import { outputEnded, print } from "./shared/output.js";
import { wholeNumber } from "./shared/parsing.js";

interface StatusOptions extends EngineOptions {
  watch?: boolean;
  every: number;
  json?: boolean;
}

/** Makes the command. */
export function statusCommand(): Command {
  const command = new Command("status")
    .summary("tells what became of the inputs of a stream")
    .description(
      "Tells how the inputs of a stream stand over all workers: how many, with what outcome, and what failed.",
    );
  return withEngine(command)
    .optionsGroup("The report:")
    .option("--watch", "print a line from time to time, until every input has its outcome")
    .option("--every <seconds>", "time between lines", wholeNumber(1), 5)
    .option("--json", "print the report as one line of JSON")
    .addHelpText("after", "\nExample:\n  $ sluice status --stream photos --watch")
    .action(async (options: StatusOptions) => {
      const { streamReport } = await import("../jetstream/index.js");
      for (;;) {
        const stand = options.watch ? await streamReport({ ...streamOf(options), maxKept: 0 }) : undefined;
        const isLast = stand?.isDone ?? true;
        const report = stand && !isLast ? stand : await streamReport(streamOf(options));
        const text = isLast ? report.summary() : report.summary().split("\n", 1)[0]; // the counts
        process.exitCode = report.counts.failed > 0 ? 1 : 0;
        await print(options.json ? JSON.stringify(report) : (text ?? ""));
        if (isLast || outputEnded.aborted) return;
        await sleep(options.every * 1000);
      }
    });
}
