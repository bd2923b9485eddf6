/** The sources that the command line names, and their options. */

import { statSync } from "node:fs";
import { type Command, Option } from "commander";
import type { App } from "../../clarifai/client/app.js";
import { OptionsError, SourceError } from "../../core/errors.js";
import { stdinPath } from "../../core/files/open-stream.js";
import type { Kind } from "../../core/input/input.js";
import { kinds } from "../../core/input/kinds.js";
import type { Source } from "../../core/plugin/source.js";
import type { FolderOptions } from "../../index.js";
import { joinSources, kindOfFile } from "./named-files.js";
import { columnMap, headersOf, separator, several, severalOf } from "./parsing.js";
import { textLines } from "./text-lines.js";

const forms = ["folder", "archive", "export", "csv", "jsonl", "urls", "texts"] as const;
/** Forms that stdin can have. */
const streamed: readonly Form[] = ["csv", "jsonl", "urls", "texts"];

export interface ReadingOptions {
  as?: (typeof forms)[number];
  kind?: Kind[];
  include?: string[];
  exclude?: string[];
  folderLabels?: boolean;
  watch?: boolean;
  pairs?: boolean;
  column?: "text" | "url" | "file";
  delimiter?: string;
  map?: Record<string, string>;
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
      "folders, zip and tar archives, exports of datasets (zip), images, videos, audio files, .md texts, CSV or JSON Lines files, files with one URL a line, or URLs; - is stdin",
    )
    .optionsGroup("What is read:")
    .addOption(
      new Option(
        "--format, --as <form>",
        "read the sources as this form (default: by name and content; required for stdin); texts: one text a line; export: a dataset that `sluice datasets export` or the vendor's SDK wrote",
      ).choices(forms),
    )
    .option(
      "--kind <kind>",
      `only this kind (${kinds.join(", ")}); for URLs, their kind; may be repeated`,
      severalOf(kinds),
    );
  return withIds(withUrls(withCsv(withFolders(command))));
}

/** Adds the tables that a command reads, and their options. */
export function withTables(command: Command, text: string): Command {
  command.argument("[table...]", text).optionsGroup("The tables:");
  return withCells(
    command.addOption(
      new Option(
        "--format, --as <form>",
        "read the tables as this form (default: by name; required for stdin)",
      ).choices(tableForms),
    ),
  );
}

const tableForms: readonly Form[] = ["csv", "jsonl"];

/** Makes the sources of tables. @throws {OptionsError} ERR_OPTIONS for another form than CSV and JSON Lines */
export async function tableSourcesOf(paths: readonly string[], options: ReadingOptions): Promise<Source[]> {
  for (const path of paths) {
    const form = options.as ?? formByName(path);
    if (path === "-" && options.as === undefined) throw stdinNeedsForm(tableForms);
    if (form === undefined || tableForms.includes(form)) continue;
    throw new OptionsError(
      "ERR_OPTIONS",
      `${path}: its name is not that of a CSV or JSON Lines file; --as names the form`,
    );
  }
  return sourcesOf(paths, options);
}

function withFolders(command: Command): Command {
  return command
    .option(
      "--include <glob>",
      "folders, archives: only files that match. *.jpg matches at any depth, /*.jpg at the top, raw/ folders; may be repeated",
      several,
    )
    .option(
      "--exclude <glob>",
      "folders, archives: no files and folders that match, as in gitignore; may be repeated",
      several,
    )
    .option("--folder-labels", "folders, archives: the name of a file's folder becomes its concept")
    .option("--pairs", "folders: a.txt beside a.jpg is its caption, a.json its metadata")
    .option("--watch", "folders: continue with files that are added or changed, until Ctrl-C or SIGTERM");
}

function withCsv(command: Command): Command {
  const column = new Option("--column <what>", 'CSV: content of the column `input` (default: "text")');
  return withCells(command.addOption(column.choices(["text", "url", "file"])));
}

function withCells(command: Command): Command {
  return command
    .option(
      "--delimiter <character>",
      'CSV: character between cells, such as ";" (default: detected in the header)',
      separator,
    )
    .option(
      "--map <field=column>",
      "CSV: the columns of fields, such as id=name,text=body,longitude=x. Fields: id, text, url, image, video, audio, file, concept, concepts, metadata, metadata.KEY, geo, longitude, latitude, dataset; may be repeated",
      columnMap,
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
  ["pairs", "--pairs", ["folder"], "folders"],
  ["column", "--column", ["csv"], "CSV files"],
  ["delimiter", "--delimiter", ["csv"], "CSV files"],
  ["map", "--map", ["csv"], "CSV files"],
  ["fetch", "--fetch", ["urls"], "URLs"],
  ["header", "--header", ["urls"], "URLs"],
];

/**
 * Makes the sources that the command line names. Single images, videos, audio files and texts become one source together.
 *
 * @param app the app with whose credential the media of an export are read.
 * @throws {SourceError} ERR_FILE_UNREADABLE if a path does not exist, or is a file of another kind
 * @throws {OptionsError} ERR_OPTIONS if an option is for a form of source that the command line does not name
 */
export async function sourcesOf(paths: readonly string[], options: ReadingOptions, app?: App): Promise<Source[]> {
  const sources: Source[] = [];
  const files: string[] = [];
  const named = new Set<Form>();
  if (paths.filter((path) => path === "-").length > 1)
    throw new OptionsError("ERR_OPTIONS", "stdin can be read only once");
  for (const path of paths) {
    const form = await formOf(path, options);
    if (form === "file") {
      files.push(path);
      continue;
    }
    named.add(form);
    sources.push(await sourceOf(form, path, options, app));
  }
  refuseUnusedOptions(options, named);
  if (files.length > 0) sources.push(await filesSource(files, options));
  return sources;
}

/** Finds the form of a source: by `--as`, else by its name, else by its content. "file" is a single image, video, audio file or text. */
async function formOf(path: string, { as }: ReadingOptions): Promise<Form | "file"> {
  if (path === "-" && (as === undefined || !streamed.includes(as))) throw stdinNeedsForm(streamed);
  if (as !== undefined) return as;
  const form = formByName(path);
  if (!form) throw new SourceError("ERR_FILE_UNREADABLE", `${path} does not exist`);
  if (form === "archive" && (await isExport(path))) return "export";
  if (form !== "urls" || isUrl(path)) return form;
  const kind = await kindOfFile(path);
  if (kind === "unknown") {
    const text = `${path} is neither an image, video or audio file nor a list of URLs (UTF-8)`;
    throw new SourceError("ERR_FILE_UNREADABLE", text);
  }
  const isList = kind === undefined || (kind === "text" && !/\.(md|text)$/i.test(path));
  return isList ? form : "file";
}

async function isExport(path: string): Promise<boolean> {
  if (!/\.zip$/i.test(path)) return false;
  const { isPlatformExport } = await import("../../clarifai/datasets/archive/layout.js");
  return isPlatformExport(path, new AbortController().signal);
}

function stdinNeedsForm(valid: readonly Form[]): OptionsError {
  return new OptionsError("ERR_OPTIONS", `stdin has no name that says its form; pass --format ${valid.join(", ")}`);
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

async function sourceOf(form: Form, name: string, options: ReadingOptions, app?: App): Promise<Source> {
  const path = name === "-" ? stdinPath : name;
  const { archive, csv, datasetExport, folder, jsonl, urls } = await import("../../index.js");
  const {
    kind: onlyKinds,
    include,
    exclude,
    folderLabels,
    watch,
    pairs,
    column,
    delimiter,
    map,
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
      return folder(path, { ...ofFiles(), watch, pairs });
    case "archive":
      return archive(path, ofFiles());
    case "export":
      return datasetExport(path, { ...(app && { app }) });
    case "csv":
      return csv(path, { input: column, kind, delimiter, ids, columns: map, ...(name === "-" && { root: "." }) });
    case "jsonl":
      return jsonl(path, { ids });
    case "texts":
      return textLines(path);
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
  if (/\.(?:csv|tsv)$/i.test(path)) return "csv";
  if (/\.(zip|tar|tgz|tar\.gz)$/i.test(path)) return "archive";
  return /\.(jsonl|ndjson)$/i.test(path) ? "jsonl" : "urls";
}
