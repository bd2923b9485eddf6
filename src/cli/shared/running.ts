/** Options and output of the commands that run a flow: progress, journal, dead letters, report. */

import type { Command } from "commander";
import type { RunOptions } from "../../core/flow/run.js";
import type { Report } from "../../core/report/report.js";
import { print } from "./output.js";
import { notEmpty } from "./parsing.js";

export interface RunningOptions {
  progress?: boolean;
  json?: boolean;
  journal?: string;
  deadLetters?: string;
  report?: string;
}

/** Adds the options of a run. `resumable` adds those for a journal and dead letters. */
export function withRun(command: Command, resumable = true): Command {
  command
    .optionsGroup("The run:")
    .option("--progress", "show progress on stderr (default: on a terminal)")
    .option("--no-progress", "do not show progress")
    .option("--json", "print the report as one line of JSON")
    .option("--report <file>", "write the report as an HTML page, with a sample of the inputs", notEmpty);
  if (!resumable) return command;
  return command
    .option("--journal <file>", "record finished inputs in this file; the next run does only the rest", notEmpty)
    .option("--dead-letters <file>", "write failed inputs to this file, for `sluice replay`", notEmpty);
}

/** Converts the options of the command line to those of `run()`. */
export function runOptions({ progress, journal, deadLetters }: RunningOptions): RunOptions {
  const isTerminal = process.stderr.isTTY === true;
  return { progress: progress ?? isTerminal, journal, deadLetters, handleSignals: true };
}

/** Sets the exit code of the process to that of the report, prints the report, and writes its page. */
export async function conclude(report: Report, { json, report: page }: RunningOptions): Promise<void> {
  process.exitCode = report.exitCode;
  await print(json ? JSON.stringify(report) : report.summary());
  if (page !== undefined) await report.writeHtml(page);
}
