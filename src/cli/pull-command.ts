/** `sluice pull`: lets the server read a bucket or an archive by itself. */

import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import type { App } from "../clarifai/client/app.js";
import type { IngestResult } from "../clarifai/jobs/ingest-options.js";
import { OptionsError } from "../core/errors.js";
import type { Json } from "../core/input/input.js";
import { bytesText } from "../core/util/format/format.js";
import { writeNotice } from "../core/util/notice.js";
import { type ConnectionOptions, withApp, withConnection } from "./common/connection.js";
import { print } from "./common/output.js";
import { keyValue, notEmpty, several } from "./common/parsing.js";

interface PullOptions extends ConnectionOptions {
  concept?: string[];
  metadata?: Record<string, Json>;
  dataset?: string[];
  conflict: "skip" | "suffix";
  jobId?: string;
  wait: boolean;
  json?: boolean;
}

/** Creates the command. */
export function pullCommand(): Command {
  const command = new Command("pull")
    .summary("lets the server read a bucket or an archive")
    .description(
      "Lets the server read a bucket or an archive by itself, and add what is in it. A local archive (zip, tar, tar.gz) is sent in parts and unpacked by the server, which " +
        "chooses the ids and counts the outcomes. To choose the ids and to get the outcome of each file, use `sluice upload ARCHIVE`.",
    )
    .argument(
      "<source>",
      "beginning of the addresses in a bucket (s3://bucket/photos/), URL of an archive, or a local archive",
    )
    .option("--concept <id>", "concept of every input; may be repeated", several)
    .option("--metadata <key=value>", "metadata of every input; may be repeated", keyValue)
    .option("--dataset <id>", "dataset that every input joins; may be repeated", several)
    .addOption(
      new Option("--conflict <policy>", "if an id exists: skip counts the input as failed, suffix finds another id")
        .choices(["skip", "suffix"])
        .default("skip"),
    )
    .option("--job-id <id>", "id of the job; the same command continues it after a crash", notEmpty)
    .option("--no-wait", "do not wait until the job ends")
    .option("--dry-run", "show what would be asked, and ask nothing")
    .option("-q, --quiet", "print nothing if all went well")
    .option("--json", "print the result as one line of JSON");
  return withConnection(command)
    .addHelpText(
      "after",
      "\nExamples:\n  $ sluice pull s3://bucket/photos/ --dataset train\n  $ sluice pull ./photos.zip --job-id photos-1",
    )
    .action((source: string, options: PullOptions) => withApp(options, (app) => pull(app, source, options)));
}

async function pull(app: App, source: string, options: PullOptions): Promise<void> {
  const { concept = [], metadata = {}, dataset = [], conflict, jobId, wait, json, quiet, dryRun } = options;
  const isLocal = existsSync(source);
  if (!isLocal && !/^[a-z][a-z\d+.-]*:\/\//i.test(source)) {
    throw new OptionsError(
      "ERR_OPTIONS",
      `pull: ${source} is neither a file nor an address such as s3://bucket/photos/`,
    );
  }
  if (dryRun) {
    const what = isLocal ? "send the archive, and let the server unpack it" : "let the server read the address";
    await print(`would ${what}: ${source}, into ${app.address}`);
    return;
  }
  const { pullInputs, uploadArchive } = await import("../index.js");
  const added = { concepts: concept, metadata, datasets: dataset, conflict, jobId, wait };
  const isShown = process.stderr.isTTY === true && !quiet;
  const onSent = (sent: number, total: number) => {
    if (isShown) writeNotice(`sent ${bytesText(sent)} of ${bytesText(total)}\n`);
  };
  const result = isLocal
    ? await uploadArchive(app, source, { ...added, onSent })
    : await pullInputs(app, source, added);
  const isOk = result.ok || (!wait && result.state !== "failed");
  process.exitCode = isOk ? 0 : 1;
  if (json) await print(JSON.stringify(result));
  else if (!quiet) await print(textOf(app, result));
  else if (!isOk) process.stderr.write(`${textOf(app, result)}\n`);
}

function textOf(app: App, { jobId, state, counts, failures }: IngestResult): string {
  const { succeeded, failed, pending, inProgress } = counts;
  const left = pending + inProgress;
  const head = `${state}: ok ${succeeded} + failed ${failed}${left > 0 ? ` + not finished ${left}` : ""}`;
  const hint =
    failed > 0
      ? [
          "  the server does not name what failed: an id that exists (--conflict suffix), or see `sluice list --status failed`",
        ]
      : [];
  return [
    head,
    `  target   ${app.address}`,
    `  job      ${jobId}`,
    ...failures.map((text) => `  failed   ${text}`),
    ...hint,
  ].join("\n");
}
