/** `sluice datasets versions` and `sluice datasets export`. */

import { Command, Option } from "commander";
import type { App } from "../../clarifai/client/app.js";
import type { DatasetVersion } from "../../clarifai/client/app-types.js";
import { limits } from "../../clarifai/limits.js";
import { statusText } from "../../clarifai/wire/status.js";
import { OptionsError } from "../../core/errors.js";
import { bytesText, counted, printable } from "../../core/util/format/format.js";
import { confirm } from "../common/confirming.js";
import { type ConnectionOptions, withApp, withConnection } from "../common/connection.js";
import { print } from "../common/output.js";
import { notEmpty, wholeNumber } from "../common/parsing.js";
import { idText } from "../filters/filter-values.js";
import { requireDataset } from "./known-datasets.js";

interface VersionOptions extends ConnectionOptions {
  create?: boolean;
  delete?: string[];
  description?: string;
  yes?: boolean;
  json?: boolean;
}
interface ExportOptions extends ConnectionOptions {
  version?: string;
  format: "json" | "protobuf" | "coco";
  timeout?: number;
  json?: boolean;
}

/** Creates the command that lists, makes and deletes versions. */
export function versionsCommand(): Command {
  const command = new Command("versions")
    .alias("version")
    .description(
      "Lists the versions of a dataset, newest first: id, time, status, description. A version keeps the members and annotations of its time.",
    )
    .argument("<dataset>", "id of the dataset", idText)
    .addOption(new Option("--create", "make a version, and wait until it is ready").conflicts("delete"))
    .option("--description <text>", "description of the version", notEmpty)
    .option("--delete <id>", "delete this version; may be repeated", (id, before?: string[]) => [
      ...(before ?? []),
      idText(id),
    ])
    .option("--yes", "delete without a question; required without a terminal")
    .option("--dry-run", "show what would be created or deleted")
    .option("--json", "print each version as a line of JSON");
  return withConnection(command)
    .addHelpText(
      "after",
      "\nExamples:\n  $ sluice datasets versions train\n  $ sluice datasets versions train --create --description May",
    )
    .action((dataset: string, options: VersionOptions) => {
      const { description, create, delete: ids, yes, dryRun } = options;
      if (description !== undefined && !create) throw refuse("--description is for --create");
      if (dryRun && !create && !ids) throw refuse("--dry-run is for --create and --delete");
      if (ids && !yes && !dryRun && !process.stdin.isTTY)
        throw refuse("cannot ask without a terminal; pass --yes to delete without a question");
      return withApp(options, async (app) => {
        await requireDataset(app, dataset);
        if (create) await createVersion(app, dataset, options);
        else if (ids) await deleteVersions(app, dataset, ids, options);
        else for await (const version of versionsOf(app, dataset)) await print(lineOf(version, options));
      });
    });
}

function refuse(text: string): OptionsError {
  return new OptionsError("ERR_OPTIONS", `datasets versions: ${text}`);
}

async function createVersion(app: App, dataset: string, options: VersionOptions): Promise<void> {
  const { description, dryRun } = options;
  if (dryRun) return print(`plan: create a version of the dataset ${JSON.stringify(dataset)} in ${app.address}`);
  const version = await app.createDatasetVersion(dataset, description === undefined ? {} : { description });
  await print(lineOf(version, options));
}

async function deleteVersions(
  app: App,
  dataset: string,
  ids: readonly string[],
  { yes, dryRun }: VersionOptions,
): Promise<void> {
  const known = new Set<string>();
  for await (const { id } of versionsOf(app, dataset)) known.add(id);
  const present = [...new Set(ids)].filter((id) => known.has(id));
  const absent = ids.filter((id) => !known.has(id));
  for (const id of absent) process.stderr.write(`sluice: the dataset has no version ${JSON.stringify(id)}\n`);
  const what = `${counted(present.length, "version")} of the dataset ${JSON.stringify(dataset)} in ${app.address}`;
  const isSure = yes || dryRun || present.length === 0 || (await confirm(`Delete ${what}? The dataset stays.`));
  process.exitCode = absent.length > 0 || !isSure ? 1 : 0;
  if (!isSure) {
    process.stderr.write("Nothing was deleted.\n");
    return;
  }
  if (present.length > 0 && !dryRun) await app.deleteDatasetVersions(dataset, present);
  await print(`${dryRun ? "plan: delete" : "deleted"} ${what}`);
}

async function* versionsOf(app: App, dataset: string): AsyncGenerator<DatasetVersion> {
  const perPage = limits.maxPerPage;
  for (let page = 1; ; page += 1) {
    const versions = await app.listDatasetVersions(dataset, { page, perPage });
    yield* versions;
    if (versions.length < perPage) return;
  }
}

function lineOf(version: DatasetVersion, { json }: VersionOptions): string {
  if (json) return JSON.stringify(version);
  const { id, createdAt = "", status, description = "" } = version;
  const cells = [id.padEnd(32), createdAt.slice(0, 19).padEnd(19), status ? statusText(status) : "-", description];
  return printable(cells.join("  ")).trimEnd();
}

/** Creates the command that downloads an export. */
export function exportCommand(): Command {
  const command = new Command("export")
    .description(
      "Exports a dataset into a zip archive. It makes a version of the dataset, waits for its export, and downloads it. The archive has ids, data and annotations, and the URLs of the media; `sluice upload <file>` uploads it to another app. To get the media as files, use `sluice download`.",
    )
    .argument("<dataset>", "id of the dataset", idText)
    .argument("[file]", "path of the archive (default: <dataset>.zip); a file that exists is not overwritten", notEmpty)
    .option("--version <id>", "export this version, in place of a new one", idText)
    .addOption(
      new Option(
        "--format <format>",
        "json (which upload reads), protobuf (which upload reads, too), or coco (only boxes and polygons)",
      )
        .choices(["json", "protobuf", "coco"])
        .default("json"),
    )
    .option("--timeout <seconds>", "longest wait for the version and for its export (default: 600)", wholeNumber(1))
    .option("--dry-run", "show what would be exported")
    .option("--json", "print the archive as a line of JSON");
  return withConnection(command)
    .addHelpText(
      "after",
      "\nExamples:\n  $ sluice datasets export train train.zip\n  $ sluice upload train.zip --app other --dataset train",
    )
    .action((dataset: string, file: string | undefined, options: ExportOptions) =>
      withApp(options, async (app) => {
        const { exportDataset } = await import("../../index.js");
        const { version, format, timeout, dryRun, json } = options;
        await requireDataset(app, dataset);
        const path = file ?? `${dataset}.zip`;
        if (dryRun) return print(`plan: export the dataset ${JSON.stringify(dataset)} of ${app.address} to ${path}`);
        const archive = await exportDataset(app, {
          dataset,
          path,
          format: format === "coco" ? "coco" : `clarifai_data_${format}`,
          ...(version !== undefined && { version }),
          ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
        });
        const text = `exported ${JSON.stringify(dataset)} (version ${archive.version}) to ${archive.path}, ${bytesText(archive.sizeBytes)}`;
        await print(json ? JSON.stringify(archive) : printable(text));
      }),
    );
}
