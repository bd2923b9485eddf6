/** What is read: sources named on the command line. */

import { statSync } from "node:fs";
import { type Command, Option } from "commander";
import { OptionsError } from "../../core/errors.js";
import type { Kind } from "../../core/input/input.js";
import { kinds } from "../../core/input/kinds.js";
import type { Source } from "../../core/plugin/source.js";
import type { FolderOptions } from "../../index.js";
import { filesSource, kindOfFile } from "./files-source.js";
import { headersOf, separator, several, severalOf } from "./parsing.js";

const forms = ["folder", "csv", "jsonl", "urls"] as const;

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
}

/** Adds the sources and their options; `argument` says how many there have to be. */
export function withReading(command: Command, argument = "<source...>"): Command {
  return command
    .argument(
      argument,
      "folders, images, videos, audio files, .md texts, CSV or JSON Lines files, files with one URL a line, or URLs",
    )
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
    .option("--watch", "folders: go on with files that are added or changed, until Ctrl-C or SIGTERM")
    .addOption(
      new Option("--column <what>", 'CSV: what the column `input` holds (default: "text")').choices([
        "text",
        "url",
        "file",
      ]),
    )
    .option(
      "--delimiter <character>",
      'CSV: what separates cells, such as ";" (default: found by the header)',
      separator,
    )
    .option("--fetch", "URLs: fetch here and send the bytes, instead of letting the platform fetch")
    .option(
      "--header <header>",
      "URLs: request header for --fetch, `name: value`, or @file with one a line (others see a command line); may be repeated",
      several,
    )
    .option(
      "--ids <rule>",
      'what ids are made of: "folder" (default), "path" or "content" of files; "url" (default) or "content" of fetched URLs; a column of a CSV (may be repeated), an entry of the metadata of JSON Lines',
      several,
    );
}

type Form = (typeof forms)[number];

/** Options that mean one form of source, and what they are for. */
const meant: [keyof ReadingOptions, string, Form, string][] = [
  ["include", "--include", "folder", "folders"],
  ["exclude", "--exclude", "folder", "folders"],
  ["folderLabels", "--folder-labels", "folder", "folders"],
  ["watch", "--watch", "folder", "folders"],
  ["column", "--column", "csv", "CSV files"],
  ["delimiter", "--delimiter", "csv", "CSV files"],
  ["fetch", "--fetch", "urls", "URLs"],
  ["header", "--header", "urls", "URLs"],
];

/** The sources that are named. Single images, videos and audio files are one source together. */
export async function sourcesOf(paths: readonly string[], options: ReadingOptions): Promise<Source[]> {
  const { SourceError } = await import("../../index.js");
  const sources: Source[] = [];
  const files: string[] = [];
  const found = new Set<Form>();
  for (const path of paths) {
    const form = options.as ?? formOf(path);
    if (!form) throw new SourceError("ERR_FILE_UNREADABLE", `${path} does not exist`);
    const kind = form === "urls" && options.as === undefined && !isUrl(path) ? await kindOfFile(path) : undefined;
    if (kind === "unknown") {
      const text = `${path} is neither an image, video or audio file nor a list of URLs (UTF-8)`;
      throw new SourceError("ERR_FILE_UNREADABLE", text);
    }
    if (kind !== undefined && (kind !== "text" || /\.(md|text)$/i.test(path))) {
      files.push(path);
      continue;
    }
    found.add(form);
    sources.push(await sourceOf(form, path, options));
  }
  for (const [option, text, form, what] of meant) {
    if (options[option] === undefined || found.has(form)) continue;
    throw new OptionsError("ERR_OPTIONS", `${text} is for ${what}, and none is named`);
  }
  if (files.length > 0) {
    const { folder } = await import("../../index.js");
    const ids = ruleOf(options.ids) as FolderOptions["ids"];
    sources.push(
      filesSource(
        files.map((path) => folder(path, { ...(options.kind && { kinds: options.kind }), ...(ids && { ids }) })),
      ),
    );
  }
  return sources;
}

async function sourceOf(form: Form, path: string, options: ReadingOptions): Promise<Source> {
  const { csv, folder, jsonl, urls } = await import("../../index.js");
  const { kind: kindsAsked, include, exclude, folderLabels, watch, column, delimiter, fetch, header, ids } = options;
  const kind = kindsAsked?.[0];
  switch (form) {
    case "folder":
      return folder(path, {
        ...(kindsAsked && { kinds: kindsAsked }),
        ...(include && { include }),
        ...(exclude && { exclude }),
        labels: folderLabels ? "folder" : undefined,
        watch,
        ids: ruleOf(ids) as "folder",
      });
    case "csv":
      return csv(path, { input: column, kind, delimiter, ids });
    case "jsonl":
      return jsonl(path, { ids });
    case "urls":
      return urls(isUrl(path) ? [path] : path, {
        kind,
        fetch,
        headers: header && headersOf(header),
        ids: ruleOf(ids) as "url",
      });
  }
}

/** The one rule of sources that are not rows; that it is one of theirs, the source checks. */
function ruleOf(ids: readonly string[] | undefined): string | undefined {
  if (ids && ids.length > 1) throw new OptionsError("ERR_OPTIONS", "--ids: only CSV and JSON Lines take several");
  return ids?.[0];
}

function isUrl(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

/** A folder, or a file by its extension; what has none that is known is a list of URLs. Undefined for what is not there. */
function formOf(path: string): Form | undefined {
  if (isUrl(path)) return "urls";
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return undefined;
  if (found.isDirectory()) return "folder";
  if (/\.csv$/i.test(path)) return "csv";
  return /\.(jsonl|ndjson)$/i.test(path) ? "jsonl" : "urls";
}
