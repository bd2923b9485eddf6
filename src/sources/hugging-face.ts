/** Source: a dataset on the Hugging Face hub. */

import { posix } from "node:path";
import * as z from "zod";
import { FlowError, OptionsError, SourceError } from "../core/errors.js";
import { idFromPath } from "../core/input/ids.js";
import { defineSource } from "../core/plugin/define-source.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { ReadContext, SourceItem } from "../core/plugin/source.js";
import { addAccess, type HubAccess, makeAccess } from "../formats/hugging-face/access.js";
import { type DatasetFiles, datasetFiles, ofSplit } from "../formats/hugging-face/dataset-files.js";
import { parseDataset, shownName, type TypedDataset } from "../formats/hugging-face/dataset-name.js";
import { imageTree } from "../formats/hugging-face/image-tree.js";
import { type FoundDataset, findDataset, type HubFile, listTree } from "../formats/hugging-face/list-tree.js";
import { openHubTable } from "../formats/hugging-face/part-file.js";
import { imageFolderItems } from "../formats/image-folder/items.js";
import { rowOptionFields } from "../formats/parquet/options.js";
import { rowsOf } from "../formats/parquet/row-items.js";
import "../formats/hugging-face/opener.js";

const Name = z.string().min(1);
const optionFields = {
  /** Config (subset) of the dataset. Default: the one that the dataset's card makes the default, or the only one. */
  config: Name.optional(),
  /** Split that is read. Default: all, and each input has its split in the metadata. */
  split: Name.optional(),
  /** Branch, tag or commit. Default: that of the name, else `main`. */
  revision: Name.optional(),
  /** Token that may read the dataset; false for none. Default: HF_TOKEN, else the one that `hf auth login` saved. */
  token: z.union([Name, z.literal(false)]).optional(),
  /** Address of the hub. Default: HF_ENDPOINT, else https://huggingface.co. */
  endpoint: z.string().optional(),
  /** Names of the classes, in order, for an image folder whose metadata has numbers. */
  classes: z.array(Name).min(1).optional(),
  /** Number of images of an image folder that are read at the same time, 1 to 64. Default: 8. */
  concurrency: z.number().int().min(1).max(64).default(8),
};
const Options = z.strictObject({ ...optionFields, ...rowOptionFields });
/** Options of `huggingFace`. */
export type HuggingFaceOptions = OptionsOf<typeof optionFields> & OptionsOf<typeof rowOptionFields>;
type Checked = z.output<typeof Options> & { named: TypedDataset; access: HubAccess };

/** Options that only tables have. An image folder would ignore them. */
const forTables = ["image", "video", "audio", "ids", "metadata"] as const;

/**
 * Reads a dataset of the Hugging Face hub where it lies: its Parquet files, row by row, as `parquet` does, or its images, as `imageFolder` does. Nothing is
 * downloaded first but the metadata file of an image folder. Parquet files need the package `hyparquet`.
 *
 * The dataset is `owner/name`, `hf://datasets/owner/name@revision/path`, or the address of its page. The configs of its card decide which files belong to a
 * config and a split; without them, the names of the files do. The split of an input is in `metadata.split`.
 *
 * The revision is resolved to a commit once, and all requests of the run name the commit, so a run reads one state of the dataset. Origins have it:
 * `hf://datasets/owner/name@<commit>/data/train.parquet:17`. Ids and journals do not depend on it: a resumed run continues at a new commit, and reads the files
 * again that it changed. Name the commit to read the same state next time.
 *
 * The token is sent to the hub only, and not to the servers that its redirects name. No URI, journal, dead letter, error or report has it. If the hub limits
 * requests, the flow waits as long as the hub asks, at most ten minutes.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_HF_ACCESS for a private or gated dataset, ERR_HF_NOT_FOUND, ERR_HF_FILES when it has no such config or split, or
 *   neither Parquet files nor images, ERR_HF_RATE_LIMIT, ERR_HF_UNREACHABLE, ERR_HF_REFUSED, ERR_HF_ANSWER, and the codes of `parquet` and `imageFolder`
 * @example await flow(huggingFace("ylecun/mnist", { split: "test" })).pipe(batch(), upload(app)).run();
 */
export const huggingFace = defineSource({
  name: "huggingFace",
  parse(dataset: string, options: HuggingFaceOptions = {}): Checked {
    const checked = parseOptions("huggingFace", Options, options, ["config", "split"]);
    const access = makeAccess("huggingFace", checked);
    const named = parseDataset("huggingFace", dataset, access.endpoint);
    for (const option of ["revision", "config", "split"] as const) {
      const [one, other] = [named[option], checked[option]];
      if (one === undefined || other === undefined || one === other) continue;
      throw new OptionsError("ERR_OPTIONS", `huggingFace: the name says ${option} "${one}", and the option "${other}"`);
    }
    const { config = named.config, split = named.split, revision = named.revision } = checked;
    return { ...checked, config, split, access, named: { ...named, revision } };
  },
  from: ({ named }) => nameOf(named),
  async *read(options, context) {
    const { named, access } = options;
    const { dataset, files } = await found(options, context.signal).catch((error: unknown) => {
      context.signal.throwIfAborted();
      throw asSourceError(error);
    });
    addAccess(dataset.id, access);
    const chosen = datasetFiles(dataset, files, { revision: named.revision, path: named.path, config: options.config });
    if (chosen.form === "parquet") yield* tableItems(dataset, chosen, options, context);
    else yield* imageItems(dataset, chosen.files, options, context);
  },
});

/** Names the dataset of a report: `hf://datasets/owner/name@revision/path`. */
function nameOf({ id, revision, path }: TypedDataset): string {
  return shownName({ id, commit: revision ?? "main" }, path);
}

/** Finds the commit and the files. A path may name one file. */
async function found(
  { named, access }: Checked,
  signal: AbortSignal,
): Promise<{ dataset: FoundDataset; files: HubFile[] }> {
  const { path } = named;
  const dataset = await findDataset(access, named, signal);
  const list = async (folder: string, recursive: boolean) => {
    const files: HubFile[] = [];
    for await (const file of listTree(access, dataset, { path: folder, recursive, signal })) files.push(file);
    return files;
  };
  if (posix.extname(path) !== "") {
    const folder = posix.dirname(path);
    const files = await list(folder === "." ? "" : folder, false);
    const file = files.find((one) => one.path === path);
    if (file) return { dataset, files: [file] };
  }
  return { dataset, files: await list(path, true) };
}

async function* tableItems(
  dataset: FoundDataset,
  { tables, others }: Extract<DatasetFiles, { form: "parquet" }>,
  options: Checked,
  context: ReadContext,
): AsyncGenerator<SourceItem> {
  for (const { path } of others) yield { origin: shownName(dataset, path), skipped: "not a Parquet file" };
  for (const table of ofSplit(dataset, tables, options.split)) {
    if (context.signal.aborted) return;
    yield* rowsOf(openHubTable(dataset, table, context.signal), { ...options, split: table.split }, context);
  }
}

async function* imageItems(
  dataset: FoundDataset,
  files: Extract<DatasetFiles, { form: "images" }>["files"],
  options: Checked,
  context: ReadContext,
): AsyncGenerator<SourceItem> {
  const { named, split, concurrency, labels, text, classes, datasets } = options;
  const unused = forTables.find((option) => options[option] !== undefined);
  if (unused !== undefined || typeof labels === "string" || Array.isArray(labels)) {
    const text = `huggingFace: ${shownName(dataset, "")} is an image folder, and ${unused ?? "labels"} names columns of tables; omit it`;
    throw new SourceError("ERR_HF_FILES", text);
  }
  const isFile = files.length === 1 && files[0]?.path === named.path;
  const path = isFile ? named.path.replace(/\/?[^/]*$/, "") : named.path;
  const keys = JSON.stringify([labels, text, classes, datasets]);
  const tree = imageTree(dataset, files, { path, split, concurrency, options: keys, signal: context.signal });
  const base = [dataset.id, path].filter((part) => part !== "").join("/");
  const rest = {
    ...{ datasets, text, classes, invalid: "fail" as const, orientation: undefined },
    ids: (relative: string) => idFromPath(`${base}/${relative}`),
    labels: labels === false ? ("none" as const) : undefined,
  };
  try {
    yield* imageFolderItems(tree, rest, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw asSourceError(error);
  }
}

/** What cannot be found or listed ends the run. */
function asSourceError(error: unknown): unknown {
  if (error instanceof SourceError || !(error instanceof FlowError)) return error;
  return new SourceError(error.code, `huggingFace: ${error.message}`, { cause: error });
}
