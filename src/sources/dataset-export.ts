/** Source: the inputs of an export archive of a dataset. */

import { statSync } from "node:fs";
import * as z from "zod";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { readBatch } from "../clarifai/datasets/archive/batches.js";
import { bytesOfEntry } from "../clarifai/datasets/archive/entry-size.js";
import { draftOf } from "../clarifai/datasets/archive/exported-input.js";
import { fileName, keyOf, type Layout, layoutOf } from "../clarifai/datasets/archive/layout.js";
import { withLocalMedia } from "../clarifai/datasets/archive/local-media.js";
import { fieldsOfRecord } from "../clarifai/datasets/archive/sdk-record.js";
import { readableItems } from "../clarifai/stored-content/readable-items.js";
import { describeError, InputError, SourceError } from "../core/errors.js";
import { checkTextSize, decodeData, decodeText, readContent } from "../core/input/content.js";
import { describeContent, kindError } from "../core/input/describe.js";
import type { InputDraft, ReadableContent } from "../core/input/input.js";
import { datasetsOption, joinDatasets } from "../core/plugin/datasets-option.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { otherShard, type ReadContext, type SourceItem } from "../core/plugin/source.js";
import { parseJson } from "../core/util/json/json-text.js";
import { zipEntries } from "../formats/archive/zip-entries.js";
import "../formats/archive/zip-opener.js";

const optionFields = {
  /**
   * App that stores the media of the export, or another one of the same server and key. `download` gets its credential, and `upload` reads the media with it
   * and sends their bytes. Default: none; an upload then sends the URLs, which the platform fetches.
   */
  app: z.custom<App>().optional(),
  /**
   * Splits of the export, which are the names of its folders. "dataset": each input joins the dataset of this name; the folder "all" is not a split. "ignore":
   * they have no effect. Default: "dataset".
   */
  splits: z.enum(["dataset", "ignore"]).default("dataset"),
  /** Datasets that every input joins, besides that of its split. */
  datasets: datasetsOption,
};
const Options = z.strictObject(optionFields);
/** Options of `datasetExport`. */
export type DatasetExportOptions = OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options>;

/** Largest annotation file of an input, in bytes. */
const maxRecordBytes = 32_000_000;

/**
 * Reads the export archive of a dataset version: one of the platform in JSON or protobuf, as `exportDataset` downloads it, or one that the vendor's Python
 * SDK made (`dataset.export`). It yields inputs with their ids, concepts, metadata, locations and annotations. In an archive of the platform, contents are
 * URLs; in one of the SDK, they are the files in the archive, read when they are sent.
 *
 * Keeps the order of the archive, and holds one batch in memory. An archive of the platform joins the annotations of an input and leaves out their ids: each
 * region, frame and time segment becomes an annotation of its own. Data that the input model does not have are kept unchanged in an annotation's `data`.
 *
 * An input that cannot be read fails alone. A batch that is damaged, or has another number of inputs than its name says, counts as one failed input. Names
 * that lead out of the archive fail (ERR_ENTRY_NAME); links and files that belong to no export are skipped.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_EXPORT_ARCHIVE when the file is not such an archive, ERR_FILE_UNREADABLE
 * @example await flow(datasetExport("./train.zip", { app })).pipe(download("./train")).run();
 */
export const datasetExport = defineSource({
  name: "datasetExport",
  parse(path: string, options: DatasetExportOptions = {}) {
    checkPath("datasetExport", path);
    if (options.app !== undefined) checkApp("datasetExport", options.app);
    return { path, ...parseOptions("datasetExport", Options, options) };
  },
  async *read({ path, ...options }, context) {
    const { app } = options;
    if (app) context.trust?.((url) => app.authorize(url));
    const items = itemsOf(path, options, context);
    yield* app && context.readsContents ? readableItems(app, items, context) : items;
  },
});

async function* itemsOf(
  path: string,
  options: Checked,
  { signal, isOtherShard }: ReadContext,
): AsyncGenerator<SourceItem, void> {
  const modifiedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (modifiedMs === undefined) throw new SourceError("ERR_FILE_UNREADABLE", `datasetExport: ${path} does not exist`);
  try {
    const layout = await layoutOf(path, signal);
    for await (const entry of zipEntries(path)) {
      if (signal.aborted) return;
      const origin = `${path}/${entry.name}`;
      if ("error" in entry) yield { origin, error: entry.error };
      else if ("skipped" in entry) yield { origin, skipped: entry.skipped };
      else if (layout.kind === "files")
        yield* fileItems(origin, { ...entry, modifiedMs }, layout, options, { signal, isOtherShard });
      else if (entry.name !== "mimetype") yield* batchItems(origin, entry, layout.encoding, options, signal);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof InputError)
      throw new SourceError("ERR_EXPORT_ARCHIVE", `datasetExport: ${error.message}`, { cause: error });
    throw error;
  }
}

interface Entry {
  name: string;
  content: ReadableContent;
}

async function* batchItems(
  origin: string,
  { name, content }: Entry,
  encoding: "protobuf" | "json",
  options: Checked,
  signal: AbortSignal,
): AsyncGenerator<SourceItem, void> {
  const [, folder = "", promised] = /^(?:(.*)\/)?[^/]*?_n(\d+)(?:\.\w+)?$/.exec(name) ?? [];
  if (promised === undefined) {
    yield { origin, skipped: "not a batch of inputs" };
    return;
  }
  const join = joinerOf(folder, options);
  const { app } = options;
  const local = (input: InputDraft) => (app ? withLocalMedia(input, app) : input);
  let count = 0;
  try {
    for (const read of await readBatch(content, encoding, signal)) {
      count += 1;
      yield join(itemFrom(`${origin}:${count}`, () => local(draftOf(read()))));
    }
  } catch (error) {
    signal.throwIfAborted();
    yield { origin, error: asInputError(error) };
    return;
  }
  if (count === Number(promised)) return;
  const text = `the batch has ${count} inputs, and its name says ${promised}; export the version again`;
  yield { origin, error: new InputError("ERR_EXPORT_BATCH", text) };
}

async function* fileItems(
  origin: string,
  { name, content, modifiedMs }: Entry & { modifiedMs: number },
  { records }: Extract<Layout, { kind: "files" }>,
  options: Checked,
  { signal, isOtherShard }: ReadContext,
): AsyncGenerator<SourceItem, void> {
  const [, split = "", folder, id = ""] = fileName.exec(name) ?? [];
  if (folder === "annotations") return; // it is read with its input
  if (folder === undefined) {
    yield { origin, skipped: "not a file of an export" };
    return;
  }
  if (isOtherShard?.(id)) {
    yield { origin, skipped: otherShard };
    return;
  }
  const shardKey = isOtherShard && id;
  try {
    const record = records.get(keyOf(split, id));
    const fields = record ? fieldsOfRecord(await jsonOf(record, signal)) : {};
    const input: InputDraft = { id, ...fields, ...(await contentOf(origin, { name, content, modifiedMs }, signal)) };
    yield joinerOf(split, options)({ origin, input, shardKey });
  } catch (error) {
    signal.throwIfAborted();
    yield { origin, error: asInputError(error), shardKey };
  }
}

/** Describes the file of an input, and reads it if it is a text. */
async function contentOf(
  origin: string,
  { name, content, modifiedMs }: Entry & { modifiedMs: number },
  signal: AbortSignal,
): Promise<InputDraft> {
  const place = "path" in content ? { ...content, modifiedMs, sizeBytes: bytesOfEntry(content) } : content;
  const described = await describeContent(place, undefined, name);
  const { kind, text } = described;
  if (kind === undefined) throw kindError(described, origin);
  if (kind !== "text") return { [kind]: described.content };
  checkTextSize(bytesOfEntry(content), origin);
  return { text: text ?? decodeText(await readContent(content, signal), origin) };
}

async function jsonOf(content: ReadableContent, signal: AbortSignal): Promise<unknown> {
  const sizeBytes = bytesOfEntry(content);
  if (sizeBytes > maxRecordBytes) {
    throw new InputError(
      "ERR_EXPORT_RECORD",
      `its annotation file has ${sizeBytes} bytes; the limit is ${maxRecordBytes}`,
    );
  }
  const text = decodeData(await readContent(content, signal), "its annotation file");
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError("ERR_JSON", `its annotation file is not JSON: ${describeError(error)}`, { cause: error });
  }
}

/** Makes a function that adds the datasets of a split and of the options. */
function joinerOf(folder: string, { splits, datasets }: Checked): (item: SourceItem) => SourceItem {
  const isSplit = splits === "dataset" && folder !== "" && folder !== "all";
  return joinDatasets(isSplit ? [folder, ...datasets] : datasets);
}

function itemFrom(origin: string, make: () => InputDraft): SourceItem {
  try {
    return { origin, input: make() };
  } catch (error) {
    return { origin, error: asInputError(error) };
  }
}

function asInputError(error: unknown): InputError {
  if (error instanceof InputError) return error;
  return new InputError("ERR_EXPORT_BATCH", describeError(error), { cause: error });
}
