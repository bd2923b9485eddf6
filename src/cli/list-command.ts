/** `sluice list`: lists the inputs of an app. */

import { Command } from "commander";
import { type Input, kindOf } from "../core/input/input.js";
import { printable } from "../core/util/format.js";
import { type ConnectionOptions, withApp, withConnection } from "./shared/connection.js";
import { outputEnded, outputFailed, print } from "./shared/output.js";
import { wholeNumber } from "./shared/parsing.js";
import { type SelectingOptions, selectionOf, withSelection } from "./shared/selecting.js";

interface ListOptions extends ConnectionOptions, SelectingOptions {
  limit?: number;
  json?: boolean;
}

/** Creates the command. */
export function listCommand(): Command {
  const command = new Command("list")
    .summary("lists the inputs of an app")
    .description("Lists the inputs of an app, oldest first. Each line has id, kind, status, time and concepts.");
  return withConnection(withSelection(command))
    .optionsGroup("The list:")
    .option("--limit <number>", "end after this many inputs", wholeNumber(1))
    .option("--json", "print each input as a line of JSON, which `sluice upload x.jsonl` can read")
    .addHelpText("after", "\nExamples:\n  $ sluice list --kind image --limit 20\n  $ sluice list --json | jq .metadata")
    .action((options: ListOptions) =>
      withApp(options, async (app) => {
        const { flow, listInputs, transform } = await import("../index.js");
        const { identity, take } = await import("rxjs");
        const report = await flow(listInputs(app, selectionOf(options)))
          .pipe(
            options.limit === undefined ? identity : take(options.limit),
            transform(async (input) => {
              await print(options.json ? JSON.stringify(input) : lineOf(input));
              return input;
            }),
          )
          .run({ handleSignals: true, signal: outputEnded });
        if (outputEnded.aborted) {
          process.exitCode = outputFailed() ? 1 : 0;
          return;
        }
        const { ok, failed, skipped } = report.counts;
        const isNamedMissing = options.id !== undefined && skipped > 0 && ok > 0;
        if (failed > 0 || isNamedMissing) process.stderr.write(`${report.summary()}\n`);
        if (ok + failed === 0 && !report.stopped) process.stderr.write("sluice: no inputs found\n");
        process.exitCode = report.exitCode;
      }),
    );
}

function lineOf(input: Input): string {
  const { id, status, createdAt = "", concepts } = input;
  const columns = [id.padEnd(48), (kindOf(input) ?? "text").padEnd(5), status?.code ?? "-", createdAt.slice(0, 19)];
  return printable([...columns, concepts.map((concept) => concept.name ?? concept.id).join(", ")].join("  ").trimEnd());
}
