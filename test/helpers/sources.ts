/** Reading a source without a flow around it. */

import type { InputDraft, Source, SourceItem, SourceStep } from "../../src/index.js";

/** Everything that a source yields. */
export async function itemsOf(source: Source): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for await (const step of source.read({ signal: new AbortController().signal })) items.push(...several(step));
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
    for await (const step of source.read({ signal: new AbortController().signal })) yield* several(step);
  })();
}

function several(step: SourceStep): readonly SourceItem[] {
  return Array.isArray(step) ? step : [step as SourceItem];
}
