/** What is uploaded: sources named on the command line, and what is done to their inputs on the way. */

import { statSync } from "node:fs";
import { type Command, Option } from "commander";
import type { App } from "../../client/app.js";
import type { Flow } from "../../core/flow.js";
import type { Kind } from "../../core/input.js";
import { kinds } from "../../core/kinds.js";
import type { Message } from "../../core/message.js";
import type { Source } from "../../core/plugin.js";
import type { Metadata } from "../../transforms/tag-metadata.js";
import { filesSource, kindOfFile } from "./files-source.js";
import { keyValue, separator, several, severalOf } from "./parsing.js";

const forms = ["folder", "csv", "jsonl", "urls"] as const;

export interface UploadingOptions {
  as?: (typeof forms)[number];
  kind?: Kind[];
  include?: string[];
  exclude?: string[];
  folderLabels?: boolean;
  column?: "text" | "url" | "file";
  delimiter?: string;
  fetch?: boolean;
  concept?: string[];
  metadata?: Metadata;
  dataset?: string[];
  exifPlaces?: boolean;
  fit?: boolean;
  conflict: "skip" | "replace" | "suffix" | "error";
  resume?: boolean;
}

/** Adds the options of sources, transforms and the upload. */
export function withUploading(command: Command): Command {
  return command
    .argument(
      "<source...>",
      "folders, images, videos, audio files, CSV or JSON Lines files, files with one URL a line, or URLs",
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
    .addOption(
      new Option("--column <what>", 'CSV: what the column `input` holds (default: "text")').choices([
        "text",
        "url",
        "file",
      ]),
    )
    .option("--delimiter <character>", 'CSV: what separates cells, such as ";" (default: ",")', separator)
    .option("--fetch", "URLs: fetch here and send the bytes, instead of letting the platform fetch")
    .optionsGroup("What is added:")
    .option("--concept <id>", "concept of every input; may be repeated", several)
    .option("--metadata <key=value>", "metadata of every input; may be repeated", keyValue)
    .option("--dataset <id>", "dataset that every input joins; may be repeated", several)
    .option("--exif-places", "places from the EXIF data of images")
    .option("--fit", "make images fit the limits, and turn them upright")
    .optionsGroup("Inputs that are there:")
    .addOption(
      new Option(
        "--conflict <policy>",
        "what becomes of an input whose id exists; of the same content it is skipped, and stays as it is",
      )
        .choices(["skip", "replace", "suffix", "error"])
        .default("skip"),
    )
    .option("--resume", "ask the server what it has before anything is sent");
}

/** The flow of an upload, as it is asked for. */
export async function uploadFlow(app: App, paths: readonly string[], options: UploadingOptions): Promise<Flow> {
  const { batch, fitImage, flow, geoFromExif, label, tagMetadata, transform, upload } = await import("../../index.js");
  const sources = await sourcesOf(paths, options);
  let inputs = flow(sources) as Flow<Message>;
  const { fit, exifPlaces, concept, metadata, dataset, conflict, resume } = options;
  if (exifPlaces) inputs = inputs.pipe(geoFromExif());
  if (fit) inputs = inputs.pipe(fitImage());
  if (concept) inputs = inputs.pipe(label(concept));
  if (metadata) inputs = inputs.pipe(tagMetadata(metadata));
  if (dataset) {
    const join = transform((input) => ({ ...input, datasets: [...new Set([...input.datasets, ...dataset])] }));
    inputs = inputs.pipe(join);
  }
  return inputs.pipe(batch(), upload(app, { conflict, resume: resume ? "server" : undefined }));
}

type Form = (typeof forms)[number];

/** Options that mean one form of source, and what they are for. */
const meant: [keyof UploadingOptions, string, Form, string][] = [
  ["include", "--include", "folder", "folders"],
  ["exclude", "--exclude", "folder", "folders"],
  ["folderLabels", "--folder-labels", "folder", "folders"],
  ["column", "--column", "csv", "CSV files"],
  ["delimiter", "--delimiter", "csv", "CSV files"],
  ["fetch", "--fetch", "urls", "URLs"],
];

async function sourcesOf(paths: readonly string[], options: UploadingOptions): Promise<Source[]> {
  const { OptionsError, SourceError } = await import("../../index.js");
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
    if (kind !== undefined && kind !== "text") {
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
  if (files.length > 0) sources.push(filesSource(files, options.kind));
  return sources;
}

async function sourceOf(form: Form, path: string, options: UploadingOptions): Promise<Source> {
  const { csv, folder, jsonl, urls } = await import("../../index.js");
  const { kind: kindsAsked, include, exclude, folderLabels, column, delimiter, fetch } = options;
  const kind = kindsAsked?.[0];
  switch (form) {
    case "folder":
      return folder(path, { kinds: kindsAsked, include, exclude, labels: folderLabels ? "folder" : undefined });
    case "csv":
      return csv(path, { input: column, kind, delimiter });
    case "jsonl":
      return jsonl(path);
    case "urls":
      return urls(isUrl(path) ? [path] : path, { kind, fetch });
  }
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
