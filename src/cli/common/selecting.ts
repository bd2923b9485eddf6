/** The options that select inputs of an app, and the source that they make. Only this file decides which listing answers them. */

import { type Command, Option } from "commander";
import type { App } from "../../clarifai/client/app.js";
import { OptionsError } from "../../core/errors.js";
import { inputParts } from "../../core/input/filter/filters.js";
import { kinds } from "../../core/input/kinds.js";
import type { Source } from "../../core/plugin/source.js";
import type { ListInputsOptions } from "../../sources/list-inputs.js";
import {
  box,
  byteCount,
  circle,
  idsOfFile,
  idText,
  idTexts,
  metadataFilter,
  moment,
  statusCode,
} from "../filters/filter-values.js";
import { type FilterOptions, filtersOf, filterTexts } from "../filters/filters.js";
import { canSearch, foundOrListed } from "../filters/server-search.js";
import { type ConnectionOptions, withApp } from "./connection.js";
import { notEmpty, severalOf } from "./parsing.js";
import { type ShardingOptions, sharded, withShard } from "./sharding.js";

export interface SelectingOptions extends FilterOptions, ShardingOptions {
  id?: string[];
  ids?: string;
  dataset?: string;
}

/** The options that a command can be refused without, by their names on the command line. */
const filterNames: Record<Exclude<keyof SelectingOptions, keyof ShardingOptions>, string> = {
  ...{ id: "--id", ids: "--ids", kind: "--kind", dataset: "--dataset", status: "--status", concept: "--concept" },
  ...{ withoutConcept: "--without-concept", metadata: "--metadata", since: "--since", before: "--before" },
  ...{ minSize: "--min-size", maxSize: "--max-size", with: "--with", without: "--without" },
  ...{ near: "--near", box: "--box" },
};

const group = "Which inputs (an input must pass all filters):";

/** Adds the options. */
export function withSelection(command: Command): Command {
  command
    .optionsGroup(group)
    .option("--id <id>", "only this input; may be repeated", idTexts)
    .option(
      "--ids <file>",
      "only the inputs of this file, an id or a line of `list --json` a line; - is stdin",
      notEmpty,
    );
  return withShard(withFilters(command));
}

/** Adds the options that select inputs by what they are, not by their ids. */
export function withFilters(command: Command): Command {
  return command
    .optionsGroup(group)
    .option("--kind <kind>", `only this kind (${kinds.join(", ")}); may be repeated`, severalOf(kinds))
    .option("--dataset <id>", "only inputs of this dataset", idText)
    .option("--status <state>", "only processed, pending, processing or failed inputs, or a status code", statusCode)
    .option(
      "--concept <id>",
      "only inputs with this concept (its id or name), also in an annotation; if repeated, with all of them",
      idTexts,
    )
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
    .addOption(
      new Option("--near <area>", "only inputs near a location: longitude,latitude,kilometres (4.48,51.92,10)")
        .argParser(circle)
        .conflicts("box"),
    )
    .option("--box <area>", "only inputs in a box: west,south,east,north in degrees (4.3,51.8,4.6,52)", box)
    .addOption(partOption("--with <part>", "only inputs with"))
    .addOption(partOption("--without <part>", "only inputs without"));
}

function partOption(flags: string, text: string): Option {
  return new Option(flags, `${text} ${inputParts.join(", ")}; may be repeated`).argParser(severalOf(inputParts));
}

/** Names the filters that the command line has. */
export function filtersIn(options: SelectingOptions): string[] {
  return Object.entries(filterNames).flatMap(([name, flag]) =>
    options[name as keyof typeof filterNames] === undefined ? [] : [flag],
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
  /**
   * Whether a search of the server may answer. Its index may be behind by moments, so a command that changes inputs lists them. Default: false.
   */
  search?: boolean | undefined;
}

/**
 * Makes the source of the selected inputs: a search if it finds exactly these inputs, else a listing. An id that does not exist, or that a filter excludes, is
 * skipped with the reason.
 */
export async function selectedInputs(app: App, options: SelectingOptions, selected: Selected = {}): Promise<Source> {
  const { listInputs, searchInputs } = await import("../../index.js");
  const ids = selected.ids ?? (await namedIds(options));
  const { dataset } = options;
  const { annotations = false, datasets = false, search = false } = selected;
  const filters = filtersOf(options);
  const listing: ListInputsOptions = {
    ...(ids && { ids: [...ids] }),
    ...(dataset !== undefined && { dataset }),
    ...filters,
    annotations,
    datasets,
  };
  const listed = listInputs(app, listing);
  // A search does not read the datasets of inputs.
  if (ids !== undefined || datasets || !search || !(await canSearch(app, filters, dataset)))
    return sharded(listed, options);
  const found = searchInputs(app, { ...filters, ...(dataset !== undefined && { datasets: [dataset] }), annotations });
  return sharded(foundOrListed(found, listed), options);
}

/** Formats the selection for a question, to stand before the app: `the dataset "old" in `. */
export function selectionText(options: SelectingOptions): string {
  const { id = [], ids, dataset, shard } = options;
  const texts = [
    ...(shard === undefined ? [] : [`the shard ${shard}`]),
    ...(dataset === undefined ? [] : [`the dataset ${JSON.stringify(dataset)}`]),
    ...filterTexts(options),
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
