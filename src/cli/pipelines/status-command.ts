/** `sluice status`: reports the outcomes of the inputs of a stream, over all its workers. */

import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { type NatsOptions, streamOf, withNats } from "../common/nats-options.js";
import { outputEnded, print } from "../common/output.js";
import { wholeNumber } from "../common/parsing.js";

interface StatusOptions extends NatsOptions {
  watch?: boolean;
  every: number;
  json?: boolean;
}

/** Creates the command. */
export function statusCommand(): Command {
  const command = new Command("status")
    .summary("reports the outcomes of the inputs of a stream")
    .description(
      "Reports on the inputs of a stream over all workers: their number by outcome, the failures, and which workers are alive, stuck or gone.",
    );
  return withNats(command)
    .optionsGroup("The report:")
    .option("--watch", "print a line at intervals until every input has its outcome")
    .option("--every <seconds>", "interval of --watch", wholeNumber(1), 5)
    .option("--json", "print the report as one line of JSON")
    .addHelpText("after", "\nExample:\n  $ sluice status --stream photos --watch")
    .action(async (options: StatusOptions) => {
      const { streamReport, workersText } = await import("../../jetstream/stream-report.js");
      for (;;) {
        const countsOnly = options.watch ? await streamReport({ ...streamOf(options), maxKept: 0 }) : undefined;
        const isLast = countsOnly?.isDone ?? true;
        const report = countsOnly && !isLast ? countsOnly : await streamReport(streamOf(options));
        const [counts] = report.summary().split("\n", 1);
        const text = isLast ? report.summary() : `${counts}; ${workersText(report.workers)}`;
        process.exitCode = report.counts.failed > 0 ? 1 : 0;
        await print(options.json ? JSON.stringify(report) : text);
        if (isLast || outputEnded.aborted) return;
        await sleep(options.every * 1000);
      }
    });
}
