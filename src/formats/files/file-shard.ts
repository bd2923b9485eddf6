/** Decides the shard of a file before it is opened. */

import { otherShard, type ReadContext, type SourceItem } from "../../core/plugin/source.js";
import { isThenable, whenThere } from "../../core/util/thenable.js";
import { type FileOptions, type FoundFile, idOfPath, itemOfFile } from "./file-item.js";

type MaybePromise<T> = T | Promise<T>;

/** Makes an item of one file, like `itemOfFile`. A file of another shard is not opened. */
export function shardItemOfFile(
  file: FoundFile,
  options: FileOptions,
  { isDone, isOtherShard }: Pick<ReadContext, "isDone" | "isOtherShard">,
): MaybePromise<SourceItem> {
  if (!isOtherShard) return itemOfFile(file, options, isDone);
  return whenThere(shardKeyOf(file, options), (shardKey): MaybePromise<SourceItem> => {
    if (isOtherShard(shardKey)) return { origin: file.path, skipped: otherShard };
    return whenThere(itemOfFile(file, options, isDone), (item): SourceItem => ({ ...item, shardKey }));
  });
}

/**
 * Returns what decides the shard of a file: its id, or its path inside the folder if the id is that of the bytes. So a file that one machine cannot read
 * still belongs to exactly one shard.
 */
export function shardKeyOf(file: FoundFile, { ids, folderName }: FileOptions): MaybePromise<string> {
  const byPath = (rule: "folder" | "path") => idOfPath(file.relative, { ids: rule, folderName }) as string;
  if (typeof ids !== "function") return byPath(ids === "path" ? "path" : "folder");
  const keep = (id: unknown): string => {
    if (typeof id !== "string") return byPath("folder"); // the item reports the value
    file.id = id;
    return id;
  };
  try {
    const id: unknown = ids(file.relative);
    return isThenable(id) ? Promise.resolve(id).then(keep, () => byPath("folder")) : keep(id);
  } catch {
    return byPath("folder"); // the item reports the error
  }
}
