/** Walking: finds the files of a folder and its sub-folders, one after the other. */

import { type Dirent, existsSync, opendirSync, type Stats, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { describeError, InputError, SourceError } from "../../core/errors.js";
import type { Kind } from "../../core/input/input.js";
import type { SourceItem } from "../../core/plugin/source.js";
import type { FoundFile } from "./file-item.js";
import type { Filter, Globs } from "./filter.js";
import { notIncluded } from "./filter.js";
import { Pairs, sidecarsOfFile } from "./find-pairs.js";
import { sidecarByName } from "./sidecars.js";

/** A file, or the item of something that is skipped or cannot be read. */
export type Found = { item: SourceItem } | FoundFile;

export interface Walk {
  /** Name of the source, for errors. Default: "folder". */
  plugin?: string;
  root: string;
  options: {
    recursive: boolean;
    hidden: boolean;
    followSymlinks: boolean;
    pairs?: boolean;
    include?: Globs;
    kinds?: readonly Kind[] | undefined;
  };
  filter: Filter;
}

/** Finds the files of a folder. If the path is a file, finds only that file, as if in its own folder. */
export function findFiles(context: Walk): Iterable<Found> {
  const target = statSync(context.root, { throwIfNoEntry: false });
  return target?.isFile() ? [singleFile(context, target)] : walk(context, "", []);
}

function singleFile({ root, options, filter }: Walk, target: Stats): Found {
  const name = basename(root);
  const context = { root: dirname(root), options, filter };
  const reason = reasonToSkip(name, target, name, context);
  if (reason !== undefined) return { item: { origin: root, skipped: reason } };
  return {
    path: root,
    relative: name,
    name,
    isNamed: true,
    sidecars: options.pairs ? sidecarsOfFile(root) : undefined,
  };
}

/** Walks a folder. If links are followed, `above` has the identities of the folders that contain it. */
function* walk(context: Walk, relative: string, above: readonly string[]): Generator<Found> {
  const { plugin = "folder", root, options } = context;
  const folderPath = relative === "" ? root : `${root}/${relative}`;
  const failed = (error: unknown): Found => {
    const text = `${folderPath} cannot be read: ${describeError(error)}`;
    if (relative === "") throw new SourceError("ERR_FOLDER_UNREADABLE", `${plugin}: ${text}`, { cause: error });
    return { item: { origin: folderPath, error: new InputError("ERR_FOLDER_UNREADABLE", text, { cause: error }) } };
  };
  let folderHandle: ReturnType<typeof opendirSync>;
  let containers = above;
  let pairs: Pairs | undefined;
  try {
    if (options.followSymlinks) containers = [...above, identityOf(statSync(folderPath))];
    if (options.pairs) pairs = pairsOf(context, relative, folderPath);
    folderHandle = opendirSync(folderPath, { bufferSize: 256 });
  } catch (error) {
    yield failed(error);
    return;
  }
  try {
    for (;;) {
      let entry: Dirent | null;
      try {
        entry = folderHandle.readSync();
      } catch (error) {
        yield failed(error);
        return;
      }
      if (entry === null) return;
      const name = relative === "" ? entry.name : `${relative}/${entry.name}`;
      const path = `${root}/${name}`;
      if (entry.name.includes("\ufffd") && !existsSync(path)) {
        const text = `${path} cannot be opened: its name is not UTF-8 (rename it)`;
        yield { item: { origin: path, error: new InputError("ERR_FILE_NAME", text) } };
        continue;
      }
      let target: Dirent | Stats = entry;
      try {
        if (entry.isSymbolicLink() && options.followSymlinks) target = statSync(path);
      } catch (error) {
        const text = `${path} cannot be read: ${describeError(error)}`;
        yield { item: { origin: path, error: new InputError("ERR_FILE_UNREADABLE", text, { cause: error }) } };
        continue;
      }
      const reason = reasonToSkip(entry.name, target, name, context) ?? loopReason(target, containers);
      if ((reason === undefined || reason === notIncluded) && target.isFile() && pairs?.isPart(entry.name)) continue;
      if (reason !== undefined) yield { item: { origin: path, skipped: reason } };
      else if (target.isDirectory()) {
        if (options.recursive) yield* walk(context, name, containers);
        else yield { item: { origin: path, skipped: "sub-folder" } };
      } else {
        const isNamed = options.include !== undefined;
        yield { path, relative: name, name: entry.name, isNamed, sidecars: pairs?.of(path) };
      }
    }
  } finally {
    folderHandle.closeSync();
  }
}

/** Reads the names of a folder that may form pairs. A sidecar that `include` does not match still belongs to its media file. */
function pairsOf(context: Walk, relative: string, folderPath: string): Pairs {
  const pairs = new Pairs(context.options.kinds);
  const folderHandle = opendirSync(folderPath, { bufferSize: 256 });
  try {
    for (let entry = folderHandle.readSync(); entry !== null; entry = folderHandle.readSync()) {
      const name = relative === "" ? entry.name : `${relative}/${entry.name}`;
      let target: Dirent | Stats | undefined = entry;
      if (entry.isSymbolicLink() && context.options.followSymlinks) {
        target = statSync(`${folderPath}/${entry.name}`, { throwIfNoEntry: false });
      }
      if (!target?.isFile()) continue;
      const reason = reasonToSkip(entry.name, target, name, context);
      if (reason === undefined || reason === notIncluded) pairs.add(entry.name, reason === undefined);
    }
    return pairs;
  } finally {
    folderHandle.closeSync();
  }
}

function reasonToSkip(
  name: string,
  target: Dirent | Stats,
  relative: string,
  { options, filter }: Walk,
): string | undefined {
  if (!options.hidden && name.startsWith(".")) return "hidden";
  const sidecar = target.isDirectory() ? undefined : sidecarByName(name);
  if (sidecar !== undefined) return sidecar;
  if (target.isSymbolicLink()) return "symbolic link";
  if (!target.isFile() && !target.isDirectory()) return "not a regular file";
  return filter(relative, target.isDirectory());
}

/** Returns why a folder would make a loop. Only links make loops, and only for followed links is the inode known. */
function loopReason(target: Dirent | Stats, containers: readonly string[]): string | undefined {
  if (!("ino" in target) || !target.isDirectory()) return undefined;
  return containers.includes(identityOf(target)) ? "symbolic link to a folder that it lies in" : undefined;
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}
