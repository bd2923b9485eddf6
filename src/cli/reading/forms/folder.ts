/** Folders. */

import type { FolderOptions } from "../../../index.js";
import { type Form, singleRule } from "../form.js";
import type { ReadingOptions } from "../options.js";

export const folderForm: Form = {
  name: "folder",
  plural: "folders",
  takes: ["include", "exclude", "folderLabels", "watch", "pairs"],
  isNamed: (_, stats) => stats?.isDirectory() === true,
  async source(path, options) {
    const { folder } = await import("../../../index.js");
    return folder(path, { ...fileOptionsOf(options), watch: options.watch, pairs: options.pairs });
  },
};

/** Returns the options that the sources of files share. */
export function fileOptionsOf({ kind, include, exclude, folderLabels, ids }: ReadingOptions) {
  return {
    ...(kind && { kinds: kind }),
    ...(include && { include }),
    ...(exclude && { exclude }),
    labels: folderLabels ? ("folder" as const) : undefined,
    ids: singleRule(ids) as FolderOptions["ids"],
  };
}
