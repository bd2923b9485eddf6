/** Running: what commands that run a flow have in common: progress, records, and how they end. */

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

/** Adds the options of a run; `records`: with a journal and dead letters. */
export function withRun(command: Command, records = true): Command {
  command
    .optionsGroup("The run:")
    .option("--progress", "show how it stands on stderr (default: on a terminal)")
    .option("--no-progress", "do not")
    .option("--json", "print the report as one line of JSON")
    .option("--report <file>", "write the report as a page of HTML, with a sample of the inputs", notEmpty);
  if (!records) return command;
  return command
    .option("--journal <file>", "keep what is done; run again, only the rest is done", notEmpty)
    .option("--dead-letters <file>", "keep failed inputs, to be tried again with `sluice replay`", notEmpty);
}

/** Options of the library for a run that was asked for on the command line. */
export function runOptions({ progress, journal, deadLetters }: RunningOptions): RunOptions {
  const isTerminal = process.stderr.isTTY === true;
  return { progress: progress ?? isTerminal, journal, deadLetters, handleSignals: true };
}

/** Takes the exit code of a report for that of the process, prints the report, and writes its page. */
export async function conclude(report: Report, { json, report: page }: RunningOptions): Promise<void> {
  process.exitCode = report.exitCode;
  await print(json ? JSON.stringify(report) : report.summary());
  if (page !== undefined) await report.writeHtml(page);
}
