/** The options of commands that print inputs, and the flow that prints them. */

import { type Command, InvalidArgumentError, Option } from "commander";
import type { App } from "../../clarifai/client/app.js";
import type { Flow } from "../../core/flow/flow.js";
import type { RecordPart } from "../../core/input/filter/filters.js";
import type { Input } from "../../core/input/input.js";
import type { Source } from "../../core/plugin/source.js";
import type { Report } from "../../core/report/report.js";
import { outputEnded, outputFailed } from "../common/output.js";
import { wholeNumber } from "../common/parsing.js";
import { type CountField, countFields } from "./counts.js";
import { type Field, type Form, fields, Listing } from "./listing.js";

export interface OutputOptions {
  limit?: number;
  json?: true | Field[];
  quiet?: boolean;
  long?: boolean;
  headers?: boolean;
  count?: true | CountField[];
  annotations?: boolean;
}

/** Adds the options. */
export function withOutput(command: Command): Command {
  const single = (option: Option, ...others: string[]) => option.conflicts(["json", ...others]);
  return command
    .optionsGroup("What is printed:")
    .option("--limit <number>", "end after this many inputs", wholeNumber(1))
    .option(
      "--json [fields]",
      `print each input as a line of JSON, which \`sluice upload x.jsonl\` can read; or only these fields of it: ${fields.join(", ")}`,
      listOf(fields),
    )
    .addOption(single(new Option("-q, --quiet", "print only ids, for `--ids -`"), "long", "count", "annotations"))
    .addOption(single(new Option("-l, --long", "also print the size and the file name of each input"), "annotations"))
    .addOption(single(new Option("--annotations", "print a line for each annotation of the inputs"), "count"))
    .addOption(
      single(
        new Option(
          "--count [fields]",
          `print only how many inputs there are, by kind; or by these fields: ${countFields.join(", ")}`,
        ).argParser(listOf(countFields)),
      ),
    )
    .option("--headers", "print headers and a total (default: on a terminal)")
    .option("--no-headers", "print no headers and no total");
}

/** Returns the parts of the records that are printed. A whole record that leaves them out would lose them when it is uploaded again. */
function printedParts({ json, annotations, count }: OutputOptions): RecordPart[] {
  const named: readonly string[] = [...(Array.isArray(json) ? json : []), ...(Array.isArray(count) ? count : [])];
  const hasAnnotations = json === true || annotations || named.includes("annotations");
  const hasDatasets = json === true || named.includes("datasets") || named.includes("dataset");
  return [...(hasAnnotations ? (["annotations"] as const) : []), ...(hasDatasets ? (["datasets"] as const) : [])];
}

function formOf({ json, quiet, long, count, annotations }: OutputOptions): Form {
  if (count) return "count";
  if (json) return "json";
  if (quiet) return "ids";
  if (annotations) return "annotations";
  return long ? "long" : "table";
}

/** Prints the inputs of a source. Returns the report; undefined if the reader of the output left. */
export async function printInputs(app: App, source: Source, options: OutputOptions): Promise<Report | undefined> {
  const { defineTransform, flow } = await import("../../index.js");
  const { identity, take } = await import("rxjs");
  const { json, limit, count, headers = process.stdout.isTTY } = options;
  const listing = new Listing(app, {
    form: formOf(options),
    fields: Array.isArray(json) ? json : undefined,
    countBy: Array.isArray(count) ? count : undefined,
    headers: Boolean(headers),
  });
  const printed = defineTransform({
    name: "print",
    parse: () => ({}),
    parts: () => printedParts(options),
    apply: async (input: Input, _, { signal }) => {
      await listing.add(input, signal);
      return input;
    },
  });
  const inputs: Flow = flow(source);
  const report = await inputs
    .pipe(limit === undefined ? identity : take(limit), printed())
    .run({ handleSignals: true, signal: outputEnded });
  if (outputEnded.aborted) {
    process.exitCode = outputFailed() ? 1 : 0;
    return undefined;
  }
  await listing.end();
  return report;
}

/** Prints failures, and says if there is nothing. `areNamed`: the user named ids, so skipped ones are reported. */
export function concludeList(report: Report | undefined, areNamed: boolean, { count }: OutputOptions): void {
  if (!report) return;
  const { ok, failed, skipped } = report.counts;
  if (failed > 0 || (areNamed && skipped > 0 && ok > 0)) process.stderr.write(`${report.summary()}\n`);
  if (ok + failed === 0 && !report.stopped && !count) process.stderr.write("sluice: no inputs found\n");
  process.exitCode = report.exitCode;
}

/** Returns a parser of fields that are separated by commas. */
function listOf<T extends string>(known: readonly T[]): (text: string) => T[] {
  return (text) =>
    text.split(",").map((part) => {
      const field = known.find((one) => one === part.trim());
      if (field !== undefined) return field;
      throw new InvalidArgumentError(
        `${JSON.stringify(part.trim())} is not a field. The fields are ${known.join(", ")}.`,
      );
    });
}
