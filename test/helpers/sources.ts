/** Reads a source without a flow. */

import type { InputDraft, Source, SourceItem, SourceStep } from "../../src/index.js";

/** Returns everything that a source yields. */
export async function itemsOf(source: Source): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for await (const step of source.read({ signal: new AbortController().signal })) items.push(...several(step));
  return items;
}

/** Returns the inputs that a source yields. Throws the error of the first failed item. */
export async function draftsOf(source: Source): Promise<InputDraft[]> {
  return (await itemsOf(source)).flatMap((item) => {
    if ("error" in item) throw item.error;
    return "input" in item ? [item.input] : [];
  });
}

/** Returns an iterator over the items of a source. */
export function pull(source: Source): AsyncIterator<SourceItem> {
  return (async function* () {
    for await (const step of source.read({ signal: new AbortController().signal })) yield* several(step);
  })();
}

function several(step: SourceStep): readonly SourceItem[] {
  return Array.isArray(step) ? step : [step as SourceItem];
}
