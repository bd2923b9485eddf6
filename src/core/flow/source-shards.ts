/** The shard of a flow: that of its sources. */

import { OptionsError } from "../errors.js";
import type { Source } from "../plugin/source.js";
import { parseShard, type Shard } from "../shard/shard.js";

/**
 * Returns the shard that all sources have; undefined if they have none. Different ones are refused: an input of a source without a shard would be processed
 * by every process.
 *
 * @throws {OptionsError} ERR_OPTIONS
 */
export function shardOf(sources: readonly Source[]): Shard | undefined {
  const [first] = sources;
  if (!first) return undefined;
  const other = sources.find(({ shard }) => shard !== first.shard);
  if (other) {
    const text = `flow: ${describe(first)} and ${describe(other)}, but the sources of a flow have the same shard`;
    throw new OptionsError("ERR_OPTIONS", `${text}; set it on each of them`);
  }
  return first.shard === undefined ? undefined : parseShard(first.name, first.shard);
}

function describe({ name, shard }: Source): string {
  return `${name} has ${shard === undefined ? "no shard" : `the shard ${shard}`}`;
}
