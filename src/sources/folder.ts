/** Source: the images, videos, audio files and texts of a folder. */

import * as z from "zod";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { MaybePromise, SourceItem } from "../core/plugin/source.js";
import type { FileOptions, FoundFile } from "../formats/files/file-item.js";
import { shardItemOfFile } from "../formats/files/file-shard.js";
import { filterOf } from "../formats/files/filter.js";
import { namesOfFolder } from "../formats/files/folder-names.js";
import { fileOptionFields } from "../formats/files/options.js";
import { findFiles, type Walk } from "../formats/files/walk.js";
import { watchFolder } from "./folder/watch.js";

const optionFields = {
  /** Reads sub-folders. Default: true. */
  recursive: z.boolean().default(true),
  /**
   * Reads the files beside a media file as part of its input: `a.txt` or `a.caption` is the caption of `a.jpg`, `a.json` has its metadata. Default: false.
   */
  pairs: z.boolean().default(false),
  /** Reads the targets of symbolic links. A link to a folder that contains the link is skipped. Default: false. */
  followSymlinks: z.boolean().default(false),
  /**
   * Continues with files that are added or changed, until the run is stopped. `everyMs`: pause between two scans of the folder, in milliseconds; after a
   * slow scan, nine times its duration, at most 30 s, if that is longer (default: 1000). `quietMs`: a file is read after its size and time have not changed
   * for this long (default: 2000). Default: false.
   */
  watch: z
    .union([
      z.boolean(),
      z.strictObject({
        everyMs: z.number().min(1).max(86_400_000).optional(),
        quietMs: z.number().min(0).max(86_400_000).optional(),
      }),
    ])
    .default(false),
};
const Options = z.strictObject({ ...fileOptionFields, ...optionFields });
/** Options of `folder`. */
export type FolderOptions = OptionsOf<typeof fileOptionFields> & OptionsOf<typeof optionFields>;

const defaultEveryMs = 1000;
const defaultQuietMs = 2000;

/** Longest time for which counting files blocks the event loop, in milliseconds. */
const sliceMs = 4;

/**
 * Reads a folder, or a single file: images, videos, audio files and texts. Their content decides the kind, not the extension.
 *
 * By default, a text is a file named .txt, .md or .text; another file in UTF-8 is skipped, unless `kinds` has "text", `include` matches it, or `path`
 * is the file itself. A file fails if its name or first bytes indicate media and it cannot be identified (ERR_KIND_UNKNOWN), or if it is a text in
 * another encoding (ERR_TEXT_ENCODING). The whole table: docs/guide/upload-a-folder.md.
 *
 * The folder is scanned as the flow requests inputs, one sub-folder after the other, in the order of the file system. Contents are handles; only texts
 * are read here (UTF-8, below 20 MB). Each input has the name of its file as `metadata.filename`. Its id is made of the folder's name and the path
 * inside it, independent of how `path` is typed; `ids` changes that.
 *
 * The report has every skipped file with the reason (hidden, symbolic link, excluded, other kind, unknown type). A file, link or sub-folder that cannot
 * be read fails alone. Completes after the last file. An early stop closes open folders.
 *
 * With `pairs`, a media file and the `.txt`, `.caption` and `.json` of the same name are one input. The caption is the text of an image, and
 * `metadata.caption` of a video or audio file. The JSON must be an object, whose entries become metadata. A text or JSON without a media file is read as
 * without `pairs`. A sidecar that cannot be used fails its media file (ERR_SIDECAR).
 *
 * With `watch`, the source does not complete. It first reads the existing files, then those that are added or changed, once they are no longer written
 * to. A changed file is read again under the same id; a renamed file is a new one; a deleted file is ignored. The folder is polled, so `watch` works on
 * every file system. Plans and previews read only the existing files.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FOLDER_UNREADABLE when the folder itself cannot be read
 * @example await flow(folder("./photos", { labels: "folder", kinds: ["image"] })).pipe(batch(), upload(app)).run();
 */
export const folder = defineSource({
  name: "folder",
  parse(path: string, options: FolderOptions = {}) {
    checkPath("folder", path);
    const checked = parseOptions("folder", Options, options, ["kinds", "include", "exclude"]);
    const root = path.replace(/(?<=[^/])\/+$/, "");
    const walk: Walk = { root, options: checked, filter: filterOf(checked) };
    return { ...checked, root, walk };
  },
  from: ({ root }) => root,
  total: ({ walk, watch }, { signal }) => (watch === false ? countFiles(walk, signal) : undefined),
  read({ root, walk, watch, ...options }, { signal, isDone, idle, isOtherShard }) {
    const isWatched = watch !== false;
    const isJournaled = isDone !== undefined;
    const fileOptions: FileOptions = { ...options, ...namesOfFolder(root, options.ids), isWatched, isJournaled };
    const read = (file: FoundFile) => shardItemOfFile(file, fileOptions, { isDone, isOtherShard });
    if (watch === false || !idle) return readOnce(walk, signal, read);
    const { everyMs = defaultEveryMs, quietMs = defaultQuietMs } = watch === true ? {} : watch;
    return watchFolder(walk, { signal, idle, everyMs, quietMs }, read);
  },
});

function* readOnce(
  walk: Walk,
  signal: AbortSignal,
  read: (file: FoundFile) => MaybePromise<SourceItem>,
): Generator<MaybePromise<SourceItem>> {
  for (const found of findFiles(walk)) {
    if (signal.aborted) return;
    yield "item" in found ? found.item : read(found);
  }
}

/** Counts the files without opening them. It yields to the event loop often, so that the run continues meanwhile. */
async function countFiles(walk: Walk, signal: AbortSignal): Promise<number | undefined> {
  let count = 0;
  let sliceEnd = performance.now() + sliceMs;
  const files = findFiles(walk)[Symbol.iterator]();
  while (!files.next().done) {
    count += 1;
    if (performance.now() < sliceEnd) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (signal.aborted) return undefined;
    sliceEnd = performance.now() + sliceMs;
  }
  return count;
}
