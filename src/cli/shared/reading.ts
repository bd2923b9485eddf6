/** What is read: sources named on the command line. */

import { statSync } from "node:fs";
import { type Command, Option } from "commander";
import type { Kind } from "../../core/input.js";
import { kinds } from "../../core/kinds.js";
import type { Source } from "../../core/plugin.js";
import { several, severalOf } from "./parsing.js";

const forms = ["folder", "csv", "jsonl", "urls"] as const;

export interface ReadingOptions {
  as?: (typeof forms)[number];
  kind?: Kind[];
  include?: string[];
  exclude?: string[];
  folderLabels?: boolean;
  column: "text" | "url" | "file";
  fetch?: boolean;
}

/** Adds the sources and their options; `argument` says how many there have to be. */
export function withReading(command: Command, argument = "<source...>"): Command {
  return command
    .argument(argument, "folders, CSV or JSON Lines files, files with one URL a line, or URLs")
    .optionsGroup("What is read:")
    .addOption(new Option("--as <form>", "what the sources are (default: by name)").choices(forms))
    .option(
      "--kind <kind>",
      `only this kind (${kinds.join(", ")}); of URLs, what they are; may be repeated`,
      severalOf(kinds),
    )
    .option("--include <glob>", "folders: only files like this; may be repeated", several)
    .option("--exclude <glob>", "folders: no files or folders like this; may be repeated", several)
    .option("--folder-labels", "folders: the name of a file's folder becomes its concept")
    .addOption(
      new Option("--column <what>", "CSV: what the column `input` holds")
        .choices(["text", "url", "file"])
        .default("text"),
    )
    .option("--fetch", "URLs: fetch here and send the bytes, instead of letting the platform fetch");
}

/** The sources that are named. */
export function sourcesOf(paths: readonly string[], options: ReadingOptions): Promise<Source[]> {
  return Promise.all(paths.map((path) => sourceOf(path, options)));
}

async function sourceOf(path: string, options: ReadingOptions): Promise<Source> {
  const { csv, folder, jsonl, SourceError, urls } = await import("../../index.js");
  const { kind: kindsAsked, include, exclude, folderLabels, column, fetch } = options;
  const isUrl = /^https?:\/\//i.test(path);
  const kind = kindsAsked?.[0];
  switch (options.as ?? formOf(path, isUrl)) {
    case "folder":
      return folder(path, { kinds: kindsAsked, include, exclude, labels: folderLabels ? "folder" : undefined });
    case "csv":
      return csv(path, { input: column, kind });
    case "jsonl":
      return jsonl(path);
    case "urls":
      return urls(isUrl ? [path] : path, { kind, fetch });
    default:
      throw new SourceError("ERR_FILE_UNREADABLE", `${path} does not exist`);
  }
}

/** A folder, or a file by its extension; what has none that is known is a list of URLs. Undefined for what is not there. */
function formOf(path: string, isUrl: boolean): (typeof forms)[number] | undefined {
  if (isUrl) return "urls";
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return undefined;
  if (found.isDirectory()) return "folder";
  if (/\.csv$/i.test(path)) return "csv";
  return /\.(jsonl|ndjson)$/i.test(path) ? "jsonl" : "urls";
}
