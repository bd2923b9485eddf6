/** Source: the images, videos, audio files and texts of a zip or tar archive. */

import { realpathSync, statSync } from "node:fs";
import { basename } from "node:path";
import * as z from "zod";
import { SourceError } from "../core/errors.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { ReadContext, SourceItem } from "../core/plugin/source.js";
import type { ArchiveEntry } from "../formats/archive/entry.js";
import { entriesOf, entriesOfRemote, unreadable } from "../formats/archive/open-archive.js";
import { type FileOptions, idOfPath } from "../formats/files/file-item.js";
import { shardItemOfFile } from "../formats/files/file-shard.js";
import { type Filter, filterOf, skippedByPath } from "../formats/files/filter.js";
import { fileOptionFields } from "../formats/files/options.js";
import { addRemote, type NamedRemote } from "../formats/remote/add-remote.js";
import { isRemote } from "../formats/remote/is-remote.js";
import { remoteOptionFields } from "../formats/remote/options.js";

const Options = z.strictObject({ ...fileOptionFields, ...remoteOptionFields });
/** Options of `archive`. */
export type ArchiveOptions = OptionsOf<typeof fileOptionFields> & OptionsOf<typeof remoteOptionFields>;
type Checked = z.output<typeof Options> & { path: string; filter: Filter; remote: NamedRemote | undefined };

/**
 * Reads a zip, tar or tar.gz (tgz) archive like a folder, without unpacking it to disk: images, videos, audio files and texts. The bytes at the beginning of the
 * archive decide its format, not its name. Kinds, texts, labels and ids are those of `folder`; the name of the archive takes the place of the folder's name.
 *
 * Entries come in the order of the archive. A zip is read by its directory, and a tar by its headers, so that only the entries which are sent are read; zip64 is
 * supported. A tar.gz is unpacked once while it is read: its files of up to 32 MB are in memory until they are sent, and a larger one is unpacked a second time.
 *
 * Links, and files that are not regular, are skipped. An entry fails alone if it is encrypted (ERR_ARCHIVE_ENCRYPTED), compressed by another method than
 * deflate (ERR_ARCHIVE_METHOD), named like a path outside of the archive (ERR_ENTRY_NAME), or damaged (ERR_ARCHIVE_DAMAGED: a wrong checksum, more bytes
 * than the archive says). If the archive itself is damaged, the rest of it counts as one failed input with the place of the damage. An archive that
 * changes during the run fails the inputs that are not sent yet (ERR_FILE_CHANGED).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_ARCHIVE_UNREADABLE when the file cannot be read, or is not such an archive
 * @example await flow(archive("./photos.zip", { labels: "folder" })).pipe(batch(), upload(app)).run();
 */
export const archive = defineSource({
  name: "archive",
  parse(path: string, options: ArchiveOptions = {}): Checked {
    checkPath("archive", path);
    const checked = parseOptions("archive", Options, options, ["kinds", "include", "exclude"]);
    const remote = isRemote(path) ? addRemote("archive", path, checked) : undefined;
    return { ...checked, path: remote?.name ?? path, remote, filter: filterOf(checked) };
  },
  from: ({ path }) => path,
  read: (options, context) => readArchive(options, context),
});

async function* readArchive(
  options: Checked,
  { signal, isDone, isOtherShard }: ReadContext,
): AsyncGenerator<SourceItem> {
  const { path, remote, filter, hidden, include, ...rest } = options;
  const modifiedMs = remote ? 0 : statOf(path).mtimeMs;
  const fileOptions: FileOptions = {
    ...rest,
    ...{
      isWatched: false,
      isJournaled: isDone !== undefined,
      realPath: remote ? remote.uri : realpathSync(path),
      folderName: basename(path),
    },
    idOfOrigin: (origin) => idOfPath(origin.slice(path.length + 1), { ids: options.ids, folderName: basename(path) }),
  };
  const isNamed = include !== undefined;
  try {
    for await (const entry of await (remote ? entriesOfRemote(remote.uri, signal) : entriesOf(path, signal))) {
      if (signal.aborted) return;
      const item = otherItem(path, entry, filter, hidden);
      if (item) {
        yield item;
        continue;
      }
      const { name, content } = entry as Extract<ArchiveEntry, { content: unknown }>;
      const place = "path" in content ? { ...content, modifiedMs, sizeBytes: content.length } : content;
      const file = { path: `${path}/${name}`, relative: name, name: basename(name), isNamed, content: place };
      yield await shardItemOfFile(file, fileOptions, { isDone, isOtherShard });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SourceError) throw error;
    yield { origin: path, error: error as Error };
  }
}

/** Returns the item of an entry that is not read: a failed one, or one that is skipped for its name or type. */
function otherItem(path: string, entry: ArchiveEntry, filter: Filter, hidden: boolean): SourceItem | undefined {
  const { name } = entry;
  const origin = `${path}/${name}`;
  const skipped = skippedByPath(name, filter, hidden) ?? ("skipped" in entry ? entry.skipped : undefined);
  if (skipped !== undefined) return { origin, skipped };
  return "error" in entry ? { origin, error: entry.error } : undefined;
}

function statOf(path: string): { mtimeMs: number } {
  try {
    return statSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}
