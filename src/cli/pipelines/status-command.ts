/** `sluice status`: adds the reports of journals, or reports the outcomes of the inputs of a stream over all its workers. */

import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { OptionsError } from "../../core/errors.js";
import { type NatsOptions, streamOf, withNats } from "../common/nats-options.js";
import { outputEnded, print } from "../common/output.js";
import { wholeNumber } from "../common/parsing.js";

interface StatusOptions extends NatsOptions {
  watch?: boolean;
  every: number;
  json?: boolean;
}

/** A report that `--watch` prints until it is done. */
interface Watched {
  isDone: boolean;
  exitCode: number;
  text: string;
  /** One line about a report that is not done. */
  line: string;
}

/** Creates the command. */
export function statusCommand(): Command {
  const command = new Command("status")
    .summary("adds the reports of journals, or of the workers of a stream")
    .description(
      "Adds the reports of journals, such as those of all shards: the number of inputs by outcome, the failures, the shards without a journal and the runs that have not ended. Without journals, reports on the inputs of a stream over all workers, and which workers are alive, stuck or gone.",
    )
    .argument("[journal...]", "journals that uploads and other runs wrote with --journal");
  return withNats(command)
    .optionsGroup("The report:")
    .option("--watch", "print a line at intervals until every input has its outcome")
    .option("--every <seconds>", "interval of --watch", wholeNumber(1), 5)
    .option("--json", "print the report as one line of JSON")
    .addHelpText(
      "after",
      `
The exit code is 1 if an input failed, and for journals also if one is pending, a shard is missing or a run has not ended.

Examples:
  $ sluice status photos-*.journal
  $ sluice status --stream photos --watch`,
    )
    .action(async (journals: string[], options: StatusOptions, self: Command) => {
      refuseStream(journals, self);
      const report = journals.length > 0 ? () => ofJournals(journals, options) : () => ofStream(options);
      for (;;) {
        const { isDone, exitCode, text, line } = await report();
        const isLast = isDone || !options.watch;
        process.exitCode = exitCode;
        await print(options.json || isLast ? text : line);
        if (isLast || outputEnded.aborted) return;
        await sleep(options.every * 1000);
      }
    });
}

function refuseStream(journals: readonly string[], command: Command): void {
  if (journals.length === 0) return;
  const named = ["stream", "servers", "credentials"].find((name) => command.getOptionValueSource(name) === "cli");
  if (named === undefined) return;
  throw new OptionsError("ERR_OPTIONS", `status: --${named} is for a stream; leave it out, or name no journals`);
}

async function ofJournals(paths: readonly string[], { json }: StatusOptions): Promise<Watched> {
  const { journalReport } = await import("../../index.js");
  const report = await journalReport(paths);
  const { isDone, exitCode, journals } = report;
  const summary = report.summary();
  const ended = journals.filter(({ state }) => state === "ended").length;
  const line = `${summary.split("\n", 1)[0]}; ${ended} of ${journals.length} runs have ended`;
  return { isDone, exitCode, text: json ? JSON.stringify(report) : summary, line };
}

async function ofStream(options: StatusOptions): Promise<Watched> {
  const { streamReport, workersText } = await import("../../jetstream/stream-report.js");
  const countsOnly = options.watch ? await streamReport({ ...streamOf(options), maxKept: 0 }) : undefined;
  const report = countsOnly && !countsOnly.isDone ? countsOnly : await streamReport(streamOf(options));
  const [counts] = report.summary().split("\n", 1);
  return {
    isDone: countsOnly?.isDone ?? true,
    exitCode: report.counts.failed > 0 ? 1 : 0,
    text: options.json ? JSON.stringify(report) : report.summary(),
    line: `${counts}; ${workersText(report.workers)}`,
  };
}
