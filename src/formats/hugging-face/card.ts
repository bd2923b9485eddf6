/** The configs in the card of a dataset: which files belong to which config and split. */

import picomatch from "picomatch";
import { isObject } from "../../core/util/json/json-values.js";
import type { HubFile } from "./list-tree.js";

/** A file, and the split that it belongs to. */
export interface SplitFile extends HubFile {
  /** Undefined if the card does not say it. */
  split?: string | undefined;
}

/** A config: a part of a dataset with its own columns. */
export interface Config {
  name: string;
  isDefault: boolean;
  filesIn(files: readonly HubFile[]): SplitFile[];
}

/** Reads the configs of a card. */
export function configsOf({ configs }: { readonly [key: string]: unknown }): Config[] {
  if (!Array.isArray(configs)) return [];
  return configs.filter(isObject).map((config): Config => {
    const { config_name: name, data_files: dataFiles, data_dir: folder } = config;
    const base = typeof folder === "string" && folder !== "" ? `${folder.replace(/^\.?\/+|\/+$/g, "")}/` : "";
    const patterns = patternsOf(dataFiles);
    return {
      name: typeof name === "string" ? name : "default",
      isDefault: config.default === true,
      filesIn(files) {
        const inside = files.filter(({ path }) => path.startsWith(base));
        if (patterns.length === 0) return inside;
        return inside.flatMap((file) => {
          const found = patterns.find(({ matches }) => matches(file.path.slice(base.length)));
          return found ? [{ ...file, split: found.split }] : [];
        });
      },
    };
  });
}

interface Pattern {
  split: string;
  matches(path: string): boolean;
}

/** Reads `data_files`: a glob or several of them, which are the split train, or a list of splits with theirs. */
function patternsOf(dataFiles: unknown): Pattern[] {
  return [dataFiles ?? []].flat().flatMap((entry: unknown) => {
    const { split = "train", path }: { split?: unknown; path?: unknown } = isObject(entry) ? entry : { path: entry };
    const globs = [path].flat().filter((glob) => typeof glob === "string");
    return globs.map((glob) => ({ split: String(split), matches: matcherOf(glob) }));
  });
}

/** Matches a glob, or all files in the folder that it names. */
function matcherOf(glob: string): Pattern["matches"] {
  const name = glob.replace(/^\.?\/+|\/+$/g, "");
  const matches = picomatch(name, { dot: true });
  return (path) => matches(path) || path.startsWith(`${name}/`);
}
