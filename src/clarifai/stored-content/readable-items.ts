/** Makes the items of a listing readable, for sinks that read contents. */

import { setMaxListeners } from "node:events";
import type { Input } from "../../core/input/input.js";
import { doneEarlier, otherShard, type ReadContext, type SourceItem } from "../../core/plugin/source.js";
import { linkAborts } from "../../core/util/link-aborts.js";
import { mapAhead } from "../../core/util/map-ahead.js";
import type { App } from "../client/app.js";
import { withReadableContent } from "./readable.js";

/** Contents that are read ahead. */
const contentsAhead = 16;

/** Replaces the URLs of contents by contents that can be read, several at once and in order. An input that an earlier run finished is skipped unread. */
export async function* readableItems(
  app: App,
  items: AsyncIterable<SourceItem>,
  { signal, isDone, isOtherShard }: ReadContext,
): AsyncGenerator<SourceItem, void> {
  const { controller, unlink } = linkAborts(signal);
  setMaxListeners(0, controller.signal); // each open request adds a listener
  const readable = async (item: SourceItem): Promise<SourceItem> => {
    if (!("input" in item)) return item;
    const { origin, input, key } = item;
    const shardKey = item.shardKey ?? input.id;
    if (shardKey !== undefined && isOtherShard?.(shardKey)) return { origin, skipped: otherShard };
    if (key !== undefined && isDone?.(key)) return { origin, skipped: doneEarlier, id: input.id };
    try {
      return { ...item, input: await withReadableContent(app, input as Input, controller.signal) };
    } catch (error) {
      return { origin, error: error as Error, shardKey };
    }
  };
  try {
    yield* mapAhead(items, contentsAhead, readable);
  } finally {
    controller.abort(new Error("the listing ended"));
    unlink();
  }
}
