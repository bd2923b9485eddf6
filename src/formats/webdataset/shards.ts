/** Names of shards: braces with ranges and lists, and wildcards in local paths and buckets. */

import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import picomatch from "picomatch";
import { describeError, OptionsError, SourceError } from "../../core/errors.js";
import { addRemote, type RemoteOptions } from "../remote/add-remote.js";
import { isRemote } from "../remote/is-remote.js";
import { addAccess } from "../s3/access.js";
import { listObjects } from "../s3/list-objects.js";
import { objectUri, parseTyped, typedUri } from "../s3/object-uri.js";

/** One shard. */
export interface Shard {
  /** The name for people. */
  name: string;
  /** The URI of a remote shard. */
  uri?: string | undefined;
}

const maxShards = 1_000_000;
const braces = /\{([^{}]*)\}/;
const wildcard = /[*?[]/;

/** Expands `{000..009}` and `{a,b}`, also several in one name. A range keeps its zeros. @throws {OptionsError} ERR_OPTIONS */
export function expandBraces(name: string): string[] {
  const [all, inner = ""] = braces.exec(name) ?? [];
  if (all === undefined) return [name];
  const index = name.indexOf(all);
  const [before, after] = [name.slice(0, index), name.slice(index + all.length)];
  const parts = inner.split(",").flatMap((part) => rangeOf(part) ?? [part]);
  const expanded = parts.flatMap((part) => expandBraces(`${before}${part}${after}`));
  if (expanded.length <= maxShards) return expanded;
  throw new OptionsError("ERR_OPTIONS", `webDataset: ${name} names more than ${maxShards} shards`);
}

function rangeOf(part: string): string[] | undefined {
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(part) ?? [];
  if (first === undefined || last === undefined) return undefined;
  const [from, to] = [Number(first), Number(last)];
  const step = from <= to ? 1 : -1;
  const count = Math.abs(to - from) + 1;
  if (count > maxShards)
    throw new OptionsError("ERR_OPTIONS", `webDataset: {${part}} names more than ${maxShards} shards`);
  return Array.from({ length: count }, (_, nth) => String(from + nth * step).padStart(first.length, "0"));
}

/** Yields the shards that a name stands for, in the order of their names. @throws {SourceError} ERR_SHARDS_NONE if a wildcard matches none */
export async function* shardsOf(
  name: string,
  options: RemoteOptions,
  signal: AbortSignal,
): AsyncGenerator<Shard, void> {
  const isBucket = /^s3:/i.test(name);
  if (!wildcard.test(name) || (isRemote(name) && !isBucket)) {
    yield isRemote(name) ? addRemote("webDataset", name, options) : { name };
    return;
  }
  let count = 0;
  for await (const shard of isBucket ? inBucket(name, options, signal) : inFolder(name)) {
    count += 1;
    yield shard;
  }
  if (count === 0) throw new SourceError("ERR_SHARDS_NONE", `webDataset: no shard matches ${name}`);
}

async function* inBucket(name: string, { s3 }: RemoteOptions, signal: AbortSignal): AsyncGenerator<Shard, void> {
  const { bucket, key: pattern } = parseTyped("webDataset", name);
  const access = addAccess("webDataset", bucket, s3);
  const matches = picomatch(pattern);
  const prefix = pattern.slice(0, pattern.search(wildcard));
  for await (const { key } of listObjects(access, { prefix, signal })) {
    if (matches(key)) yield { name: typedUri({ bucket, key }), uri: objectUri({ ...access.place, key }) };
  }
}

/** A wildcard stands for a part of the name of a file or a folder. */
function inFolder(name: string): Shard[] {
  const folder = dirname(name);
  const folders = wildcard.test(folder) ? inFolder(folder).map((found) => found.name) : [folder];
  const matches = picomatch(basename(name));
  return folders.flatMap((parent) => {
    if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory()) return [];
    try {
      const names = readdirSync(parent).filter((one) => matches(one));
      return names.sort().map((one) => ({ name: parent === "." && !name.startsWith("./") ? one : join(parent, one) }));
    } catch (cause) {
      throw new SourceError("ERR_FOLDER_UNREADABLE", `webDataset: ${parent}: ${describeError(cause)}`, { cause });
    }
  });
}
