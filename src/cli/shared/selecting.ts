/** The options that select inputs of an app, and the source that they make. Only this file decides which listing answers them. */

import { type Command, Option } from "commander";
import type { App } from "../../clarifai/client/app.js";
import { OptionsError } from "../../core/errors.js";
import type { Kind } from "../../core/input/input.js";
import { kinds } from "../../core/input/kinds.js";
import type { ReadContext, Source, SourceItem } from "../../core/plugin/source.js";
import { bytesText } from "../../core/util/format.js";
import type { ListInputsOptions } from "../../sources/list-inputs.js";
import { byteCount, idsOfFile, idText, idTexts, metadataFilter, moment, statusCode } from "../filters/filter-values.js";
import { type Filters, filterTexts, parts, refusalOf } from "../filters/filters.js";
import { sizeFilter } from "../filters/size-filter.js";
import { type ConnectionOptions, withApp } from "./connection.js";
import { notEmpty, severalOf } from "./parsing.js";

export interface SelectingOptions extends Filters {
  id?: string[];
  ids?: string;
  kind?: Kind[];
  dataset?: string;
  status?: number;
  minSize?: number;
  maxSize?: number;
}

/** The options that a command can be refused without, by their names on the command line. */
const filterNames: Record<keyof SelectingOptions, string> = {
  ...{ id: "--id", ids: "--ids", kind: "--kind", dataset: "--dataset", status: "--status", concept: "--concept" },
  ...{ withoutConcept: "--without-concept", metadata: "--metadata", since: "--since", before: "--before" },
  ...{ minSize: "--min-size", maxSize: "--max-size", with: "--with", without: "--without" },
};

/** Adds the options. */
export function withSelection(command: Command): Command {
  return command
    .optionsGroup("Which inputs (an input must pass all filters):")
    .option("--id <id>", "only this input; may be repeated", idTexts)
    .option(
      "--ids <file>",
      "only the inputs of this file, an id or a line of `list --json` a line; - is stdin",
      notEmpty,
    )
    .option("--kind <kind>", `only this kind (${kinds.join(", ")}); may be repeated`, severalOf(kinds))
    .option("--dataset <id>", "only inputs of this dataset", idText)
    .option("--status <state>", "only processed, pending, processing or failed inputs, or a status code", statusCode)
    .option("--concept <id>", "only inputs with this concept (its id or name); if repeated, with all of them", idTexts)
    .option("--without-concept <id>", "only inputs without this concept; may be repeated", idTexts)
    .option("--metadata <key=value>", "only inputs with this entry of the metadata; may be repeated", metadataFilter)
    .option(
      "--since <when>",
      "only inputs that were added since: a date (2026-01-31, UTC) or an age (30d, 12h)",
      moment,
    )
    .option("--before <when>", "only inputs that were added before: a date, or an age", moment)
    .option("--min-size <size>", "only contents of at least this size (20MB); asks for the size of each", byteCount)
    .option("--max-size <size>", "only contents of at most this size", byteCount)
    .addOption(partOption("--with <part>", "only inputs with"))
    .addOption(partOption("--without <part>", "only inputs without"));
}

function partOption(flags: string, text: string): Option {
  return new Option(flags, `${text} ${parts.join(", ")}; may be repeated`).argParser(severalOf(parts));
}

/** Names the filters that the command line has. */
export function filtersIn(options: SelectingOptions): string[] {
  return Object.entries(filterNames).flatMap(([name, flag]) =>
    options[name as keyof SelectingOptions] === undefined ? [] : [flag],
  );
}

/** Returns the ids that the options name; undefined if they name none. Reads the file of `--ids`. */
export async function namedIds({ id, ids }: SelectingOptions): Promise<string[] | undefined> {
  if (id === undefined && ids === undefined) return undefined;
  return [...new Set([...(id ?? []), ...(ids === undefined ? [] : await idsOfFile(ids))])];
}

/** Connects like `withApp`, after it has read the ids of stdin: the program that prints them may use the same emulator. */
export async function withSelectedApp<T>(
  options: SelectingOptions & ConnectionOptions,
  work: (app: App) => Promise<T>,
): Promise<T> {
  if (options.ids === "-") await namedIds(options);
  return withApp(options, work);
}

interface Selected {
  /** The ids that the command has found out itself, in place of those of the options. */
  ids?: readonly string[] | undefined;
  /** Reads the annotations of each input, or its datasets. Default: if a filter needs them. */
  annotations?: boolean | undefined;
  datasets?: boolean | undefined;
}

/** Makes the source of the selected inputs. An id that does not exist, or that a filter excludes, is skipped with the reason. */
export async function selectedInputs(app: App, options: SelectingOptions, selected: Selected = {}): Promise<Source> {
  const { listInputs } = await import("../../index.js");
  const ids = selected.ids ?? (await namedIds(options));
  const { kind, dataset, status } = options;
  const needs = (part: "annotations" | "datasets") =>
    selected[part] ?? [...(options.with ?? []), ...(options.without ?? [])].includes(part);
  const listing: ListInputsOptions = {
    ...(ids && { ids: [...ids] }),
    ...(kind && { kinds: kind }),
    ...(dataset !== undefined && { dataset }),
    ...(status !== undefined && { status }),
    annotations: needs("annotations"),
    datasets: needs("datasets"),
  };
  return filtered(app, listInputs(app, listing), options, ids !== undefined);
}

/** Filters a listing. Inputs that the user named are skipped with the reason; others do not count as read. */
function filtered(app: App, source: Source, options: SelectingOptions, areNamed: boolean): Source {
  const passes = (item: SourceItem): SourceItem[] => {
    const reason = "input" in item ? refusalOf(item.input, options) : undefined;
    if (reason === undefined) return [item];
    return areNamed ? [{ origin: item.origin, skipped: reason }] : [];
  };
  const local = filterTexts(options);
  const { minSize, maxSize } = options;
  const hasSize = minSize !== undefined || maxSize !== undefined;
  if (local.length === 0 && !hasSize) return source;
  const read = async function* (context: ReadContext) {
    for await (const step of source.read(context)) {
      const items = [step].flat() as SourceItem[];
      const left = items.flatMap(passes);
      if (left.length > 0) yield left;
    }
  };
  if (!hasSize) return { name: source.name, read };
  return sizeFilter({ name: source.name, read }, { app, minSize, maxSize, areNamed });
}

/** Formats the selection for a question, to stand before the app: `the dataset "old" in `. */
export function selectionText(options: SelectingOptions): string {
  const { id = [], ids, kind = [], dataset, status, minSize, maxSize } = options;
  const texts = [
    ...(dataset === undefined ? [] : [`the dataset ${JSON.stringify(dataset)}`]),
    ...(kind.length === 0 ? [] : [`kind ${kind.join(" or ")}`]),
    ...(status === undefined ? [] : [`status ${status}`]),
    ...filterTexts(options),
    ...(minSize === undefined ? [] : [`at least ${bytesText(minSize)}`]),
    ...(maxSize === undefined ? [] : [`at most ${bytesText(maxSize)}`]),
    ...(ids === undefined ? [] : [`the ids in ${ids}`]),
    ...(id.length === 0 ? [] : [id.length === 1 ? `the id ${JSON.stringify(id[0])}` : `${id.length} ids`]),
  ];
  return texts.length === 0 ? "" : `${texts.join(", ")} in `;
}

/** Requires `--all` for a command that would change every input of the app, and refuses it beside filters. @throws {OptionsError} ERR_OPTIONS */
export function requireSelection(verb: string, options: SelectingOptions & { all?: boolean | undefined }): void {
  const named = filtersIn(options);
  if (options.all && named.length > 0) {
    throw new OptionsError("ERR_OPTIONS", `${verb}: --all cannot be combined with ${named.join(", ")}`);
  }
  if (options.all || named.length > 0) return;
  const hint =
    "select inputs with --id, --ids, --dataset, --concept, --metadata, --before or another filter, or pass --all";
  throw new OptionsError("ERR_OPTIONS", `${verb}: ${hint}`);
}
