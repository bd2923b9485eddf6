/** The filter by size, which requests the size of each content, since listings do not have it. */

import type { App } from "../../clarifai/client/app.js";
import { contentSize } from "../../clarifai/download/content-size.js";
import { describeError, InputError } from "../../core/errors.js";
import type { ReadContext, Source, SourceItem } from "../../core/plugin/source.js";
import { bytesText } from "../../core/util/format.js";

/** Sizes that are requested at once. */
const concurrency = 16;

interface SizeFilter {
  app: App;
  minSize: number | undefined;
  maxSize: number | undefined;
  /** Whether the user named the inputs, so that an excluded one is reported. */
  areNamed: boolean;
}

/** Filters a source by the size of contents. An input whose size cannot be found out fails. */
export function sizeFilter(source: Source, filter: SizeFilter): Source {
  return {
    name: source.name,
    async *read(context: ReadContext) {
      const check = (item: SourceItem) => checked(item, filter, context.signal);
      let waiting: SourceItem[] = [];
      for await (const step of source.read(context)) {
        waiting.push(...([step].flat() as SourceItem[]));
        while (waiting.length >= concurrency) {
          const group = waiting.slice(0, concurrency);
          waiting = waiting.slice(concurrency);
          yield (await Promise.all(group.map(check))).flat();
        }
      }
      yield (await Promise.all(waiting.map(check))).flat();
    },
  };
}

async function checked(item: SourceItem, filter: SizeFilter, signal: AbortSignal): Promise<SourceItem[]> {
  if (!("input" in item)) return [item];
  const { app, minSize = 0, maxSize = Number.POSITIVE_INFINITY, areNamed } = filter;
  try {
    const size = await contentSize(app, item.input, signal);
    if (size !== undefined && size >= minSize && size <= maxSize) return [item];
    const skipped = size === undefined ? "it has no content" : `its content has ${bytesText(size)}`;
    return areNamed ? [{ origin: item.origin, skipped }] : [];
  } catch (error) {
    signal.throwIfAborted();
    const known = error instanceof InputError ? error : new InputError("ERR_CONTENT_SIZE", describeError(error));
    return [{ origin: item.origin, error: known }];
  }
}
