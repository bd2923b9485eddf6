/** `sluice list`: lists the inputs of an app. */

import { Command, InvalidArgumentError, Option } from "commander";
import type { App } from "../clarifai/client/app.js";
import type { Report } from "../core/report/report.js";
import { type ConnectionOptions, withConnection } from "./shared/connection.js";
import { type Field, fields, Listing } from "./shared/listing.js";
import { outputEnded, outputFailed } from "./shared/output.js";
import { wholeNumber } from "./shared/parsing.js";
import { type SelectingOptions, selectedInputs, withSelectedApp, withSelection } from "./shared/selecting.js";

interface ListOptions extends ConnectionOptions, SelectingOptions {
  limit?: number;
  json?: true | Field[];
  quiet?: boolean;
  long?: boolean;
  headers?: boolean;
  count?: boolean;
}

/** Creates the command. */
export function listCommand(): Command {
  const command = new Command("list")
    .alias("ls")
    .summary("lists the inputs of an app")
    .description(
      "Lists the inputs of an app, oldest first. Each line has id, kind, status, time and concepts. On a terminal, the list has headers and a total.",
    );
  return withConnection(withSelection(command))
    .optionsGroup("The list:")
    .option("--limit <number>", "end after this many inputs", wholeNumber(1))
    .option(
      "--json [fields]",
      `print each input as a line of JSON, which \`sluice upload x.jsonl\` can read; or only these fields of it: ${fields.join(", ")}`,
      fieldList,
    )
    .addOption(new Option("-q, --quiet", "print only ids, for `--ids -`").conflicts(["json", "long", "count"]))
    .addOption(new Option("-l, --long", "also print the size and the file name of each input").conflicts("json"))
    .addOption(new Option("--count", "print only how many inputs there are, by kind").conflicts("json"))
    .option("--headers", "print headers and a total (default: on a terminal)")
    .option("--no-headers", "print no headers and no total")
    .addHelpText(
      "after",
      "\nExamples:\n  $ sluice list --kind image --limit 20\n  $ sluice list --without annotations --count\n  $ sluice list --json id,concepts | jq .concepts\n  $ sluice list --before 30d --quiet | sluice remove --ids - --yes",
    )
    .action((options: ListOptions) => withSelectedApp(options, (app) => list(app, options)));
}

async function list(app: App, options: ListOptions): Promise<void> {
  const { flow, transform } = await import("../index.js");
  const { identity, take } = await import("rxjs");
  const { json, limit, quiet, long, count, headers = process.stdout.isTTY } = options;
  const chosen = Array.isArray(json) ? json : undefined;
  const form = count ? "count" : json ? "json" : quiet ? "ids" : long ? "long" : "table";
  const listing = new Listing(app, { form, fields: chosen, headers: Boolean(headers) });
  const source = await selectedInputs(app, options, {
    // A list is in the order of adding; a count has no order.
    search: form === "count",
    // A whole record that leaves them out would lose them when it is uploaded again.
    ...((chosen?.includes("annotations") ?? json) && { annotations: true }),
    ...((chosen?.includes("datasets") ?? json) && { datasets: true }),
  });
  const report = await flow(source)
    .pipe(
      limit === undefined ? identity : take(limit),
      transform(async (input, { signal }) => {
        await listing.add(input, signal);
        return input;
      }),
    )
    .run({ handleSignals: true, signal: outputEnded });
  if (outputEnded.aborted) {
    process.exitCode = outputFailed() ? 1 : 0;
    return;
  }
  await listing.end();
  conclude(report, options);
}

function conclude(report: Report, { id, ids, count }: ListOptions): void {
  const { ok, failed, skipped } = report.counts;
  const isNamedMissing = (id !== undefined || ids !== undefined) && skipped > 0 && ok > 0;
  if (failed > 0 || isNamedMissing) process.stderr.write(`${report.summary()}\n`);
  if (ok + failed === 0 && !report.stopped && !count) process.stderr.write("sluice: no inputs found\n");
  process.exitCode = report.exitCode;
}

/** Parses the fields of `--json`, separated by commas. */
function fieldList(text: string): Field[] {
  return text.split(",").map((part) => {
    const field = fields.find((known) => known === part.trim());
    if (field !== undefined) return field;
    throw new InvalidArgumentError(`${JSON.stringify(part.trim())} is no field. The fields are ${fields.join(", ")}.`);
  });
}
