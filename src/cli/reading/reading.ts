/** The sources that the command line names. */

import { statSync } from "node:fs";
import type { App } from "../../clarifai/client/app.js";
import { OptionsError, SourceError } from "../../core/errors.js";
import { stdinPath } from "../../core/files/open-stream.js";
import type { Source } from "../../core/plugin/source.js";
import { writeNotice } from "../../core/util/notice.js";
import type { FolderOptions } from "../../index.js";
import { sharded } from "../common/sharding.js";
import { type Form, isUrl, singleRule } from "./form.js";
import { urlsForm } from "./forms/urls.js";
import { forms } from "./forms.js";
import { joinSources, kindOfFile } from "./named-files.js";
import { type FormOption, formOptions, type ReadingOptions, tableForms } from "./options.js";

/** Makes the sources of tables. @throws {OptionsError} ERR_OPTIONS for another form than CSV and JSON Lines */
export async function tableSourcesOf(paths: readonly string[], options: ReadingOptions): Promise<Source[]> {
  for (const path of paths) {
    const form = options.as ?? formByName(path)?.name;
    if (path === "-" && options.as === undefined) throw stdinNeedsForm(tableForms);
    if (form === undefined || tableForms.includes(form)) continue;
    throw new OptionsError(
      "ERR_OPTIONS",
      `${path}: its name is not that of a CSV or JSON Lines file; --as names the form`,
    );
  }
  return sourcesOf(paths, options);
}

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
    sources.push(await form.source(path === "-" ? stdinPath : path, options, { app }));
  }
  refuseUnusedOptions(options, named);
  if (files.length > 0) sources.push(await filesSource(files, options));
  return sources.map((source) => sharded(source, options));
}

/** Finds the form of a source: by `--as`, else by its content, else by its name. "file" is a single image, video, audio file or text. */
async function formOf(path: string, { as }: ReadingOptions): Promise<Form | "file"> {
  const chosen = as === undefined ? undefined : forms.find(({ name }) => name === as);
  if (path === "-" && !chosen?.isStreamed)
    throw stdinNeedsForm(forms.filter(({ isStreamed }) => isStreamed).map(({ name }) => name));
  if (chosen) return chosen;
  const stats = statSync(path, { throwIfNoEntry: false });
  for (const form of forms) {
    if (!(await form.isRecognized?.(path, stats))) continue;
    if (stats?.isDirectory())
      writeNotice(`sluice: ${path} is read as ${form.name}; --as folder reads its files without labels\n`);
    return form;
  }
  const form = formByName(path);
  if (!form) throw new SourceError("ERR_FILE_UNREADABLE", `${path} does not exist`);
  if (form !== urlsForm || isUrl(path)) return form;
  const kind = await kindOfFile(path);
  if (kind === "unknown") {
    const text = `${path} is neither an image, video or audio file nor a list of URLs (UTF-8)`;
    throw new SourceError("ERR_FILE_UNREADABLE", text);
  }
  const isList = kind === undefined || (kind === "text" && !/\.(md|text)$/i.test(path));
  return isList ? form : "file";
}

/** Finds a form by the name and the type of a path. Any other file counts as a list of URLs. Undefined if the path does not exist. */
function formByName(path: string): Form | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return forms.find((form) => form.isNamed?.(path, stats)) ?? (stats && urlsForm);
}

function stdinNeedsForm(valid: readonly string[]): OptionsError {
  return new OptionsError("ERR_OPTIONS", `stdin has no name that says its form; pass --format ${valid.join(", ")}`);
}

function refuseUnusedOptions(options: ReadingOptions, named: ReadonlySet<Form>): void {
  for (const [option, text] of Object.entries(formOptions) as [FormOption, string][]) {
    const takers = forms.filter(({ takes }) => takes?.includes(option));
    if (options[option] === undefined || takers.some((form) => named.has(form))) continue;
    const what = takers.map(({ plural }) => plural);
    const list = what.length > 1 ? `${what.slice(0, -1).join(", ")} and ${what.at(-1)}` : what[0];
    throw new OptionsError("ERR_OPTIONS", `${text} is for ${list}, but the command has no such source`);
  }
}

async function filesSource(paths: readonly string[], { kind, ids }: ReadingOptions): Promise<Source> {
  const { folder } = await import("../../index.js");
  const rule = singleRule(ids) as FolderOptions["ids"];
  const options = { ...(kind && { kinds: kind }), ...(rule && { ids: rule }) };
  return joinSources(paths.map((path) => folder(path, options)));
}
