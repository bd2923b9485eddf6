/** The sources that the command line names, and their options. */

import { statSync } from "node:fs";
import { type Command, Option } from "commander";
import { OptionsError, SourceError } from "../../core/errors.js";
import type { Kind } from "../../core/input/input.js";
import { kinds } from "../../core/input/kinds.js";
import type { Source } from "../../core/plugin/source.js";
import type { FolderOptions } from "../../index.js";
import { joinSources, kindOfFile } from "./named-files.js";
import { headersOf, separator, several, severalOf } from "./parsing.js";

const forms = ["folder", "archive", "csv", "jsonl", "urls"] as const;

export interface ReadingOptions {
  as?: (typeof forms)[number];
  kind?: Kind[];
  include?: string[];
  exclude?: string[];
  folderLabels?: boolean;
  watch?: boolean;
  column?: "text" | "url" | "file";
  delimiter?: string;
  fetch?: boolean;
  ids?: string[];
  header?: string[];
  /** Of the connection; the fetches use it, too. */
  proxy?: string | false;
}

/** Adds the sources and their options. `argument` says how many sources the command requires. */
export function withReading(command: Command, argument = "<source...>"): Command {
  command
    .argument(
      argument,
      "folders, zip and tar archives, images, videos, audio files, .md texts, CSV or JSON Lines files, files with one URL a line, or URLs",
    )
    .optionsGroup("What is read:")
    .addOption(new Option("--as <form>", "read the sources as this form (default: by name)").choices(forms))
    .option(
      "--kind <kind>",
      `only this kind (${kinds.join(", ")}); for URLs, their kind; may be repeated`,
      severalOf(kinds),
    );
  return withIds(withUrls(withCsv(withFolders(command))));
}

function withFolders(command: Command): Command {
  return command
    .option("--include <glob>", "folders, archives: only files that match; may be repeated", several)
    .option("--exclude <glob>", "folders, archives: no files and folders that match; may be repeated", several)
    .option("--folder-labels", "folders, archives: the name of a file's folder becomes its concept")
    .option("--watch", "folders: continue with files that are added or changed, until Ctrl-C or SIGTERM");
}

function withCsv(command: Command): Command {
  const column = new Option("--column <what>", 'CSV: content of the column `input` (default: "text")');
  return command
    .addOption(column.choices(["text", "url", "file"]))
    .option(
      "--delimiter <character>",
      'CSV: character between cells, such as ";" (default: detected in the header)',
      separator,
    );
}

function withUrls(command: Command): Command {
  return command
    .option("--fetch", "URLs: fetch the content here and send its bytes, instead of letting the platform fetch it")
    .option(
      "--header <header>",
      "URLs: request header for --fetch, `name: value`, or @file with one header a line (other users can see command lines); may be repeated",
      several,
    );
}

function withIds(command: Command): Command {
  return command.option(
    "--ids <rule>",
    'what ids are made from. Files: "folder" (default), "path" or "content". URLs: "url" (default), or "content" with --fetch. CSV: a column; JSON Lines: an entry of the metadata; both may be repeated',
    several,
  );
}

type Form = (typeof forms)[number];

const files: readonly Form[] = ["folder", "archive"];
/** Options that are valid for some forms of source only, and the name of those forms in errors. */
const optionsOfForms: [keyof ReadingOptions, string, readonly Form[], string][] = [
  ["include", "--include", files, "folders and archives"],
  ["exclude", "--exclude", files, "folders and archives"],
  ["folderLabels", "--folder-labels", files, "folders and archives"],
  ["watch", "--watch", ["folder"], "folders"],
  ["column", "--column", ["csv"], "CSV files"],
  ["delimiter", "--delimiter", ["csv"], "CSV files"],
  ["fetch", "--fetch", ["urls"], "URLs"],
  ["header", "--header", ["urls"], "URLs"],
];

/**
 * Makes the sources that the command line names. Single images, videos, audio files and texts become one source together.
 *
 * @throws {SourceError} ERR_FILE_UNREADABLE if a path does not exist, or is a file of another kind
 * @throws {OptionsError} ERR_OPTIONS if an option is for a form of source that the command line does not name
 */
export async function sourcesOf(paths: readonly string[], options: ReadingOptions): Promise<Source[]> {
  const sources: Source[] = [];
  const files: string[] = [];
  const named = new Set<Form>();
  for (const path of paths) {
    const form = await formOf(path, options);
    if (form === "file") {
      files.push(path);
      continue;
    }
    named.add(form);
    sources.push(await sourceOf(form, path, options));
  }
  refuseUnusedOptions(options, named);
  if (files.length > 0) sources.push(await filesSource(files, options));
  return sources;
}

/** Finds the form of a source: by `--as`, else by its name, else by its content. "file" is a single image, video, audio file or text. */
async function formOf(path: string, { as }: ReadingOptions): Promise<Form | "file"> {
  if (as !== undefined) return as;
  const form = formByName(path);
  if (!form) throw new SourceError("ERR_FILE_UNREADABLE", `${path} does not exist`);
  if (form !== "urls" || isUrl(path)) return form;
  const kind = await kindOfFile(path);
  if (kind === "unknown") {
    const text = `${path} is neither an image, video or audio file nor a list of URLs (UTF-8)`;
    throw new SourceError("ERR_FILE_UNREADABLE", text);
  }
  const isList = kind === undefined || (kind === "text" && !/\.(md|text)$/i.test(path));
  return isList ? form : "file";
}

function refuseUnusedOptions(options: ReadingOptions, named: ReadonlySet<Form>): void {
  for (const [option, text, valid, what] of optionsOfForms) {
    if (options[option] === undefined || valid.some((form) => named.has(form))) continue;
    throw new OptionsError("ERR_OPTIONS", `${text} is for ${what}, but the command has no such source`);
  }
}

async function filesSource(paths: readonly string[], { kind, ids }: ReadingOptions): Promise<Source> {
  const { folder } = await import("../../index.js");
  const rule = singleRule(ids) as FolderOptions["ids"];
  const options = { ...(kind && { kinds: kind }), ...(rule && { ids: rule }) };
  return joinSources(paths.map((path) => folder(path, options)));
}

async function sourceOf(form: Form, path: string, options: ReadingOptions): Promise<Source> {
  const { archive, csv, folder, jsonl, urls } = await import("../../index.js");
  const {
    kind: onlyKinds,
    include,
    exclude,
    folderLabels,
    watch,
    column,
    delimiter,
    fetch,
    header,
    ids,
    proxy,
  } = options;
  const kind = onlyKinds?.[0];
  const ofFiles = () => ({
    ...(onlyKinds && { kinds: onlyKinds }),
    ...(include && { include }),
    ...(exclude && { exclude }),
    labels: folderLabels ? ("folder" as const) : undefined,
    ids: singleRule(ids) as "folder",
  });
  switch (form) {
    case "folder":
      return folder(path, { ...ofFiles(), watch });
    case "archive":
      return archive(path, ofFiles());
    case "csv":
      return csv(path, { input: column, kind, delimiter, ids });
    case "jsonl":
      return jsonl(path, { ids });
    case "urls":
      return urls(isUrl(path) ? [path] : path, {
        kind,
        fetch,
        proxy: fetch ? proxy : undefined,
        headers: header && headersOf(header),
        ids: singleRule(ids) as "url",
      });
  }
}

/** Returns the rule for sources that accept only one. The source checks which rule it is. */
function singleRule(ids: readonly string[] | undefined): string | undefined {
  if (ids && ids.length > 1)
    throw new OptionsError("ERR_OPTIONS", "--ids: only CSV and JSON Lines accept several rules");
  return ids?.[0];
}

function isUrl(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

/** Finds a form by the kind of path and the extension. A file with another extension counts as a list of URLs. Undefined if the path does not exist. */
function formByName(path: string): Form | undefined {
  if (isUrl(path)) return "urls";
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return undefined;
  if (stats.isDirectory()) return "folder";
  if (/\.csv$/i.test(path)) return "csv";
  if (/\.(zip|tar|tgz|tar\.gz)$/i.test(path)) return "archive";
  return /\.(jsonl|ndjson)$/i.test(path) ? "jsonl" : "urls";
}
