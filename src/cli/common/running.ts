/** Options and output of the commands that run a flow: dry run, progress, journal, dead letters, report. */

import { type Command, Option } from "commander";
import type { Settlement } from "../../core/accounting/ledger.js";
import { OptionsError } from "../../core/errors.js";
import type { Flow } from "../../core/flow/flow.js";
import type { RunOptions } from "../../core/flow/run.js";
import type { Report } from "../../core/report/report.js";
import { printable } from "../../core/util/format/format.js";
import { writeNotice } from "../../core/util/notice.js";
import { print } from "./output.js";
import { notEmpty } from "./parsing.js";
import { type RecordingOptions, undoOptions } from "./recording.js";
import { repeatingCommands } from "./repeating.js";

export interface RunningOptions extends RecordingOptions {
  dryRun?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  progress?: boolean;
  json?: boolean;
  journal?: string;
  deadLetters?: string;
  report?: string;
  /** The arguments of the whole command line, set before the command runs. */
  commandLine?: readonly string[];
}

/** The files that a run can write: dead letters only where `sluice replay` does the same work again. */
export type RunFiles = "none" | "journal" | "journal and dead letters";

/** Adds the options of a run. */
export function withRun(command: Command, files: RunFiles = "journal and dead letters"): Command {
  command
    .optionsGroup("The run:")
    .option("--dry-run", "show what would be sent, changed and refused; send and write nothing");
  return withReport(command, files);
}

/** Adds the options of a run that cannot be planned. */
export function withReport(command: Command, files: RunFiles): Command {
  command
    .optionsGroup("The run:")
    .option("--progress", "show progress on stderr (default: on a terminal)")
    .option("--no-progress", "do not show progress")
    .addOption(new Option("-q, --quiet", "print only failures, on stderr").conflicts("verbose"))
    .option("--verbose", "print the outcome of each input, and where the settings come from, on stderr")
    .option("--json", "print the report as one line of JSON")
    .option("--report <file>", "write the report as an HTML page, with a sample of the inputs", notEmpty);
  if (files === "none") return command;
  command.option("--journal <file>", "record finished inputs in this file; the next run does only the rest", notEmpty);
  if (files === "journal") return command;
  return command.option("--dead-letters <file>", "write failed inputs to this file, for `sluice replay`", notEmpty);
}

/** Runs a flow, or plans it with `--dry-run`. Sets the exit code and prints the result. */
export async function finish(inputs: Flow<unknown>, options: RunningOptions): Promise<void> {
  if (options.dryRun) await planOnly(inputs, options);
  else await conclude(await inputs.run(runOptions(options)), options);
}

async function planOnly(inputs: Flow<unknown>, options: RunningOptions): Promise<void> {
  const { journal, json, quiet, verbose, report } = options;
  if (report !== undefined) throw new OptionsError("ERR_OPTIONS", "--report needs a run; leave out --dry-run");
  const plan = await inputs.plan({ journal, ...(verbose && { onOutcome: printOutcome }) });
  process.exitCode = plan.counts.refused > 0 ? 1 : 0;
  if (json) await print(JSON.stringify(plan));
  else if (!quiet) await print(plan.summary());
  else if (plan.counts.refused > 0) process.stderr.write(`${plan.summary()}\n`);
}

/** Converts the options of the command line to those of `run()`. */
export function runOptions(options: RunningOptions): RunOptions {
  const { progress, quiet, verbose, journal, deadLetters, commandLine } = options;
  const isTerminal = process.stderr.isTTY === true && !quiet && !verbose;
  return {
    progress: progress ?? isTerminal,
    journal,
    deadLetters,
    handleSignals: true,
    ...(commandLine && { commands: repeatingCommands(commandLine, deadLetters) }),
    ...(verbose && { onOutcome: printOutcome }),
    ...undoOptions(options),
  };
}

/** Sets the exit code of the process to that of the report, prints the report, and writes its page. */
export async function conclude(report: Report, { json, quiet, report: page }: RunningOptions): Promise<void> {
  process.exitCode = report.exitCode;
  if (json) await print(JSON.stringify(report));
  else if (!quiet) await print(report.summary());
  else if (report.exitCode !== 0) process.stderr.write(`${report.summary()}\n`);
  if (page !== undefined) await report.writeHtml(page);
}

/** Prints a line for an input: its outcome, its id, its origin and the reason. */
function printOutcome({ id, origin, outcome }: Settlement): void {
  const name = id === undefined || id === origin ? origin : `${id}  ${origin}`;
  writeNotice(`${printable(`${outcome.state.padEnd(8)} ${name}${reasonText(outcome)}`)}\n`);
}

function reasonText(outcome: Settlement["outcome"]): string {
  if (outcome.state === "failed") return `: ${outcome.reason} [${outcome.stage}, ${outcome.code}]`;
  const reason = outcome.state === "ok" ? outcome.note : outcome.reason;
  return reason === undefined ? "" : `: ${reason}`;
}
