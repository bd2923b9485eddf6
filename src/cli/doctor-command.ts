/** `sluice doctor`: checks sources before they are uploaded. */

import { Command, InvalidArgumentError, Option } from "commander";
import { type CheckName, checkNames, checks, type FailOn, failureLevels } from "../transforms/check-dataset/checks.js";
import { print } from "./common/output.js";
import { severalOf } from "./common/parsing.js";
import { withReading } from "./reading/arguments.js";
import type { ReadingOptions } from "./reading/options.js";
import { sourcesOf } from "./reading/reading.js";

interface Options extends ReadingOptions {
  decode?: boolean;
  duplicates: boolean;
  nearDuplicates?: boolean | number;
  failOn: FailOn;
  strict?: boolean;
  ignore?: CheckName[];
  json?: boolean;
}

const checkList = checkNames.map(
  (check) => `  ${check.padEnd(20)} ${checks[check].severity.padEnd(8)} ${checks[check].meaning}`,
);

/** Creates the command. */
export function doctorCommand(): Command {
  const command = new Command("doctor")
    .summary("checks files, labels, classes and splits, and sends nothing")
    .description(
      "Checks what `sluice upload` would read: broken and unsupported files, boxes without area or outside of their image, labels without images, empty classes, duplicates, and the same content in two splits. Counts classes and splits. Sends and changes nothing.",
    );
  return withReading(command)
    .optionsGroup("The checks:")
    .option("--decode", "decode each image, which also finds damage in the middle of files")
    .option("--no-duplicates", "do not read and compare the contents of files")
    .option(
      "--near-duplicates [distance]",
      "decode and compare images by what they show: resized and re-encoded copies, with at most this many differing bits of 64, 0 to 11 (default: 6). In two splits they are leakage",
      bitsOf,
    )
    .option("--ignore <check>", "leave out this check; may be repeated", severalOf(checkNames))
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 on errors, on errors and warnings, or never")
        .choices(failureLevels)
        .default("error"),
    )
    .addOption(new Option("--strict", "the same as --fail-on warning").implies({ failOn: "warning" }))
    .option("--json", "print the report as one line of JSON")
    .addHelpText(
      "after",
      `
Checks:
${checkList.join("\n")}

Examples:
  $ sluice doctor ./photos --folder-labels
  $ sluice doctor ./dataset --as imagefolder --near-duplicates
  $ sluice doctor boxes.jsonl --strict --ignore duplicate-file
  $ sluice doctor ./photos --decode && sluice upload ./photos

Exit codes: 0 nothing that counts as a failure; 1 something does, or a source could not be read; 2 the command line is wrong.`,
    )
    .action(async (paths: string[], options: Options) => {
      const { doctor } = await import("../index.js");
      const { decode, duplicates, nearDuplicates, failOn, ignore, json } = options;
      const report = await doctor(await sourcesOf(paths, options), {
        decode,
        duplicates,
        nearDuplicates,
        failOn,
        ignore,
      });
      process.exitCode = report.exitCode;
      await print(json ? JSON.stringify(report) : report.summary());
    });
}

/** Reads a number of bits. */
function bitsOf(text: string): number {
  if (/^(?:\d|1[01])$/.test(text)) return Number(text);
  throw new InvalidArgumentError(
    "It must be a whole number from 0 to 11. Put the option behind the sources, or write --near-duplicates=6.",
  );
}
