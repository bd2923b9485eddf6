/** Decides which items of a source belong to the shard of a run. */

import type { RunContext } from "../accounting/run-context.js";
import { idFromPath } from "../input/ids.js";
import { doneEarlier, otherShard, type SourceItem } from "../plugin/source.js";
import { lastPartOf, type Shard } from "../shard/shard.js";

/** The decision about one item. */
export class ItemShard {
  /** Whether the item belongs to another shard; undefined until its id is made. */
  isOther: boolean | undefined;
  readonly #shard: Shard;
  readonly #origin: string;

  constructor(shard: Shard, item: SourceItem, problem: string | undefined, stage: string) {
    this.#shard = shard;
    this.#origin = problem === undefined ? item.origin : stage;
    if (problem === undefined && "skipped" in item && (item.skipped === doneEarlier || item.skipped === otherShard)) {
      this.isOther = item.skipped === otherShard; // a journal has inputs of its own shard only
      return;
    }
    const key = problem === undefined ? keyOf(item) : stage;
    if (key !== undefined) this.isOther = !shard.has(key);
  }

  /** Decides by an id that was made of the checked draft. */
  isOtherId(id: string): boolean {
    this.isOther ??= !this.#shard.has(id);
    return this.isOther;
  }

  /** Decides about a draft that has no id, because its shape is wrong. */
  isOtherOrigin(): boolean {
    return this.isOtherId(lastPartOf(this.#origin));
  }
}

/** Returns what decides the shard of an item before its content is opened; undefined if the id is made of the checked draft. */
function keyOf(item: SourceItem): string | undefined {
  if (item.shardKey !== undefined) return item.shardKey;
  if (!("input" in item)) return lastPartOf(item.origin);
  const id = idOf(item.input);
  if (typeof id === "string") return id;
  if (id !== undefined) return lastPartOf(item.origin);
  const { defaultId } = item;
  if (typeof defaultId === "function") return undefined;
  return defaultId ?? idFromPath(item.origin);
}

/** Reads the id of a draft, which a plugin without types may have made. A draft that is not an object has none that counts. */
function idOf(draft: unknown): unknown {
  if (typeof draft !== "object" || draft === null) return null;
  try {
    return (draft as { id?: unknown }).id;
  } catch {
    return null; // reading the field throws
  }
}

/** Counts an item of another shard. */
export function countOtherShard({ accounting }: RunContext): undefined {
  accounting.otherShards += 1;
}
