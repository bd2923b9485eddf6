/** Reading a source without a flow around it. */

import type { InputDraft } from "../../src/core/input.js";
import type { Source, SourceItem } from "../../src/core/plugin.js";

/** Everything that a source yields. */
export async function itemsOf(source: Source): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for await (const item of source.read({ signal: new AbortController().signal })) items.push(item);
  return items;
}

/** The inputs that a source yields; throws what any of its items failed with. */
export async function draftsOf(source: Source): Promise<InputDraft[]> {
  return (await itemsOf(source)).flatMap((item) => {
    if ("error" in item) throw item.error;
    return "input" in item ? [item.input] : [];
  });
}

/** An iterator over a source, pulled by hand. */
export function pull(source: Source): AsyncIterator<SourceItem> {
  return (async function* () {
    yield* source.read({ signal: new AbortController().signal });
  })();
}
