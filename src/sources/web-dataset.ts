/** Source: the samples of WebDataset shards. */

import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import * as z from "zod";
import { describeError, FlowError, InputError, SourceError } from "../core/errors.js";
import { idOfFile } from "../core/input/ids.js";
import type { ReadableContent } from "../core/input/input.js";
import { datasetsOption } from "../core/plugin/datasets-option.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { doneEarlier, otherShard, type ReadContext, type SourceItem } from "../core/plugin/source.js";
import { entriesOf, entriesOfRemote } from "../formats/archive/open-archive.js";
import { remoteOptionFields } from "../formats/remote/options.js";
import { inputOfSample } from "../formats/webdataset/sample-input.js";
import { type Sample, samplesOf } from "../formats/webdataset/samples.js";
import { expandBraces, type Shard, shardsOf } from "../formats/webdataset/shards.js";

const optionFields = {
  /** Names of the classes that `cls` files count from 0. Without them, the number itself becomes the concept. */
  classes: z.array(z.string().min(1)).min(1).optional(),
  /** Datasets that every input joins. */
  datasets: datasetsOption,
};
const Options = z.strictObject({ ...remoteOptionFields, ...optionFields });
/** Options of `webDataset`. */
export type WebDatasetOptions = OptionsOf<typeof remoteOptionFields> & OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options>;

/** A shard that is read. */
interface OpenShard extends Shard {
  options: Checked;
  /** The last folder and the name of the shard, for ids. */
  shortName: string;
  /** What identifies the shard in a journal. */
  state: string;
  modifiedMs: number;
}

/**
 * Reads shards of WebDataset: tar or tar.gz files (also zip) in which neighbouring files with one key are one sample. The key is the path up to the first dot
 * of the file's name.
 *
 * A sample becomes one input. An image, video or audio file is its content. `txt`, `text` or `caption` is its text: beside an image it makes a multimodal
 * input, beside a video or audio file it becomes `metadata.caption`, and alone it is a text. `json` is the metadata, and `cls` a concept. The report names
 * members that have no place in an input, such as `npy` (`report.notes`). Of several images, the one with the shortest extension is the content.
 *
 * Shards are named by path, by `s3://` and by `https://`, with `{000000..000009}` and `{train,val}`; `*` works for paths and in buckets. Remote shards are
 * read by parts (see `archive`). Ids are made of the last folder and name of the shard, and the key, so they are the same wherever the shard lies.
 *
 * A sample fails alone if it has neither media nor text (ERR_SAMPLE_EMPTY), or a damaged member (ERR_SAMPLE_MEMBER). A damaged shard fails with one entry, and
 * the other shards are read.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_SHARDS_NONE when a wildcard matches nothing, ERR_ARCHIVE_UNREADABLE when no shard can be opened
 * @example await flow(webDataset("./shards/data-{000000..000009}.tar")).pipe(batch(), upload(app)).run();
 */
export const webDataset = defineSource({
  name: "webDataset",
  parse(shards: string | readonly string[], options: WebDatasetOptions = {}) {
    const names = [shards].flat();
    for (const name of names) checkPath("webDataset", name);
    return { ...parseOptions("webDataset", Options, options), names: names.flatMap(expandBraces) };
  },
  from: ({ names }) => names.join(", "),
  async *read({ names, ...options }, context) {
    let opened = 0;
    let failure: unknown;
    for (const name of names) {
      for await (const shard of shardsOf(name, options, context.signal)) {
        if (context.signal.aborted) return;
        try {
          const entries = await (shard.uri === undefined
            ? entriesOf(shard.name, context.signal)
            : entriesOfRemote(shard.uri, context.signal));
          opened += 1;
          yield* readShard(openShard(shard, options), entries, context);
        } catch (error) {
          context.signal.throwIfAborted();
          failure ??= error;
          yield { origin: shard.name, error: error as Error };
        }
      }
    }
    if (opened === 0 && failure instanceof SourceError) throw failure;
  },
});

function openShard(shard: Shard, options: Checked): OpenShard {
  const { name, uri } = shard;
  const stats = uri === undefined ? statSync(name) : undefined;
  const path = stats ? resolve(name) : name;
  return {
    ...shard,
    options,
    shortName: path.split("/").slice(-2).join("/"),
    state: stats ? `${realpathSync(name)}\n${stats.size}\n${stats.mtimeMs}` : (uri ?? ""),
    modifiedMs: stats?.mtimeMs ?? 0,
  };
}

async function* readShard(
  shard: OpenShard,
  entries: Parameters<typeof samplesOf>[0],
  { isDone, isOtherShard }: ReadContext,
): AsyncGenerator<SourceItem> {
  for await (const found of samplesOf(entries)) {
    if (!("members" in found)) {
      yield { ...found, origin: `${shard.name}/${found.name}` };
      continue;
    }
    const sample = {
      ...found,
      members: found.members.map((member) => ({ ...member, content: withFacts(member.content, shard) })),
    };
    const key = keyOf(sample, shard);
    const id = idOfFile(shard.shortName, sample.key);
    const origin = `${shard.name}/${sample.key}`;
    if (isOtherShard?.(id)) yield { origin, skipped: otherShard };
    else if (isDone?.(key)) yield { origin, skipped: doneEarlier, id };
    else yield { ...(await itemOf(sample, { origin, id, key: isDone ? key : undefined }, shard)), shardKey: id };
  }
}

async function itemOf(
  sample: Sample,
  { origin, id, key }: { origin: string; id: string; key: string | undefined },
  { options }: OpenShard,
): Promise<SourceItem> {
  try {
    const { input, notes } = await inputOfSample(sample, options);
    const { datasets } = options;
    return { origin, input: { id, ...input, ...(datasets.length > 0 && { datasets }) }, key, sameId: "file", notes };
  } catch (error) {
    if (error instanceof FlowError) return { origin, error };
    return {
      origin,
      error: new InputError("ERR_FILE_UNREADABLE", `${origin}: ${describeError(error)}`, { cause: error }),
    };
  }
}

function withFacts(content: ReadableContent, { modifiedMs }: OpenShard): ReadableContent {
  return "path" in content ? { ...content, modifiedMs, sizeBytes: content.length } : content;
}

/** Makes the journal key of a sample: it changes with the shard, with any of its files, and with the options that form the input. */
function keyOf({ key, members }: Sample, { state, options }: OpenShard): string {
  const versions = members.map(({ extension, content }) => {
    const version = "bytes" in content ? "" : (content.version ?? "");
    return [extension, "bytes" in content ? content.bytes.length : content.sizeBytes, version];
  });
  return [state, key, JSON.stringify(versions), options.classes?.join() ?? "", options.datasets.join()].join("\n");
}
