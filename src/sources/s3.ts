/** Source: the images, videos, audio files and texts of a bucket. */

import { posix } from "node:path";
import * as z from "zod";
import { FlowError, SourceError } from "../core/errors.js";
import { defineSource } from "../core/plugin/define-source.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { ReadContext, SourceItem } from "../core/plugin/source.js";
import { mapAhead } from "../core/util/map-ahead.js";
import { type FileOptions, type FoundFile, idOfPath } from "../formats/files/file-item.js";
import { shardItemOfFile } from "../formats/files/file-shard.js";
import { type Filter, filterOf, skippedByPath } from "../formats/files/filter.js";
import { fileOptionFields } from "../formats/files/options.js";
import { findRemote } from "../formats/remote/find-remote.js";
import { addAccess, type S3Access } from "../formats/s3/access.js";
import { type ListedObject, listObjects } from "../formats/s3/list-objects.js";
import { objectUri, parseTyped, typedUri } from "../formats/s3/object-uri.js";
import { s3OptionFields } from "../formats/s3/options.js";
import { S3Refusal } from "../formats/s3/s3-error.js";
import "../formats/s3/opener.js";

const optionFields = {
  /** Number of objects whose first bytes are read at the same time, 1 to 64. Default: 16. */
  concurrency: z.number().int().min(1).max(64).default(16),
};
const Options = z.strictObject({ ...fileOptionFields, ...s3OptionFields, ...optionFields });
/** Options of `s3`. */
export type S3SourceOptions = OptionsOf<typeof fileOptionFields> &
  OptionsOf<typeof s3OptionFields> &
  OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options> & { filter: Filter };

/** One URI of the source. */
interface Tree {
  bucket: string;
  /** The key as it was typed. */
  key: string;
  access: S3Access;
}

/**
 * Reads buckets of S3 and of services that speak its protocol, like folders: images, videos, audio files and texts. Kinds, texts, labels, globs and ids are
 * those of `folder`; bucket and prefix take the place of the folder's name.
 *
 * A URI is `s3://bucket`, a single object, or a prefix that is read like a folder (`s3://bucket/photos` does not read `photos2/`). Every character behind the
 * bucket belongs to the key. The bucket is listed page by page, as the flow requests inputs; of each object, the first bytes are read to find its kind.
 * Contents are URIs that are opened by range requests, and again if a connection breaks. An object whose entity tag changed after the listing fails
 * (ERR_FILE_CHANGED). Empty objects whose keys end in `/` stand for folders, and are skipped.
 *
 * Credentials come from the options, the environment (AWS_ACCESS_KEY_ID …), the files in ~/.aws with AWS_PROFILE, the container, or the machine. They sign
 * headers; nothing makes a signed URL. No URI, journal, dead letter, error or report has them. A worker or a replay of dead letters on another machine takes
 * them from its own environment, and needs AWS_ENDPOINT_URL_S3 for another service than AWS.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_S3_CREDENTIALS, ERR_S3_UNREADABLE when a bucket cannot be listed, or has nothing under the prefix
 * @example await flow(s3("s3://my-bucket/photos", { labels: "folder" })).pipe(batch(), upload(app)).run();
 */
export const s3 = defineSource({
  name: "s3",
  parse(uris: string | readonly string[], options: S3SourceOptions = {}): Checked & { trees: Tree[] } {
    const checked = parseOptions("s3", Options, options, ["kinds", "include", "exclude"]);
    const { endpoint, region, pathStyle, credentials, anonymous, timeoutMs, ...rest } = checked;
    const reach = { endpoint, region, pathStyle, credentials, anonymous, timeoutMs };
    const trees = [uris].flat().map((uri) => {
      const { bucket, key } = parseTyped("s3", uri);
      return { bucket, key, access: addAccess("s3", bucket, reach) };
    });
    return { ...rest, filter: filterOf(checked), trees };
  },
  from: ({ trees }) => trees.map(({ bucket, key }) => `s3://${bucket}/${key}`).join(", "),
  async *read({ trees, ...options }, context) {
    for (const tree of trees) yield* readTree(tree, options, context);
  },
});

async function* readTree(
  tree: Tree,
  options: Checked,
  { signal, isDone, isOtherShard }: ReadContext,
): AsyncGenerator<SourceItem> {
  const { bucket, key, access } = tree;
  const base = key === "" || key.endsWith("/") ? key : `${key}/`;
  const { filter, hidden, include, concurrency, ...rest } = options;
  const root = typedUri({ bucket, key: base });
  const folderName = `${bucket}/${base.replace(/\/+$/, "")}`;
  const fileOptions: FileOptions = {
    ...rest,
    ...{ isWatched: false, isJournaled: isDone !== undefined, folderName },
    realPath: `${access.place.endpoint ?? ""} ${root}`,
    idOfOrigin: (origin) => idOfPath(relativeTo(origin, root), { ids: options.ids, folderName }),
  };
  const asItem = async (object: ListedObject): Promise<SourceItem> => {
    const relative = relativeTo(object.key, base);
    const origin = typedUri({ bucket, key: object.key });
    if (object.key.endsWith("/") && object.sizeBytes === 0) return { origin, skipped: "stands for a folder" };
    const skipped = skippedByPath(relative, filter, hidden);
    if (skipped !== undefined) return { origin, skipped };
    const isNamed = include !== undefined || object.key === key;
    const file = {
      path: origin,
      relative,
      name: posix.basename(relative),
      isNamed,
      content: contentOf(access, object),
    };
    return shardItemOfFile(file, fileOptions, { isDone, isOtherShard });
  };
  try {
    yield* mapAhead(objectsOf(tree, base, signal), concurrency, asItem);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SourceError) throw error;
    throw new SourceError("ERR_S3_UNREADABLE", `s3: ${(error as Error).message}`, { cause: error });
  }
}

/** Yields the object that the URI names, else those in the folder that it names. @throws {SourceError} ERR_S3_UNREADABLE if there are none */
async function* objectsOf(tree: Tree, base: string, signal: AbortSignal): AsyncGenerator<ListedObject> {
  const { bucket, key, access } = tree;
  const object = base === key ? undefined : await singleObject(tree, signal);
  if (object) {
    yield object;
    return;
  }
  let count = 0;
  for await (const listed of listObjects(access, { prefix: base, signal })) {
    count += 1;
    yield listed;
  }
  if (count > 0 || key === "") return;
  const step = "check the prefix, the bucket and the endpoint";
  throw new SourceError(
    "ERR_S3_UNREADABLE",
    `s3: ${typedUri({ bucket, key })} is neither an object nor a folder; ${step}`,
  );
}

/** Asks for an object by its whole key. This needs no right to list the bucket. Returns undefined for a folder. */
async function singleObject({ key, access }: Tree, signal: AbortSignal): Promise<ListedObject | undefined> {
  try {
    const { file } = await findRemote(objectUri({ ...access.place, key }), signal);
    return { key, sizeBytes: file.sizeBytes ?? 0, etag: file.version ?? "" };
  } catch (error) {
    if (error instanceof FlowError && error.code === "ERR_FILE_EMPTY") return { key, sizeBytes: 0, etag: "" };
    // A service that hides what exists answers 403 for a folder, and the listing finds out.
    if (error instanceof S3Refusal && [403, 404].includes(error.statusCode) && error.reason !== "NoSuchBucket")
      return undefined;
    throw error;
  }
}

function contentOf({ place }: S3Access, { key, sizeBytes, etag }: ListedObject): FoundFile["content"] {
  return { uri: objectUri({ ...place, key }), sizeBytes, ...(etag !== "" && { version: etag }) };
}

function relativeTo(key: string, base: string): string {
  return (key.startsWith(base) && key.slice(base.length)) || posix.basename(key);
}
