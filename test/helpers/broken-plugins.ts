/** Plugins that break their contract, each in a suite that has to fail; run by `testing.test.ts`. */

import { BatchError, defineSink, defineSource, defineTransform, type Input, type InputDraft } from "sluice";
import { testSink, testSource, testTransform } from "sluice/testing";

const ids = ["a", "b", "c"];
const inputs = ids.map((id): InputDraft => ({ id, text: id }));
const item = (id: string) => ({ origin: `tape:${id}`, input: { id, text: id } });

function source(name: string, read: (ids: readonly string[]) => unknown, isClosed?: () => boolean): void {
  const made = defineSource({ name, read: () => read(ids) as never });
  testSource(name, async () => ({ source: made(), ids, ...(isClosed && { isClosed }) }));
}
function transform(name: string, apply: (input: Input) => unknown): void {
  const made = defineTransform({ name, apply: apply as never });
  testTransform(name, async () => ({ transform: made(), inputs }));
}
function sink(
  name: string,
  write: (given: Input[], there: string[]) => Promise<void>,
  close?: (there: string[]) => void,
): void {
  testSink(name, async () => {
    const there: string[] = [];
    const made = defineSink({
      name,
      open: () => there,
      write: (batch) => write(batch.inputs as Input[], there),
      close: () => close?.(there),
    });
    return { sink: made(), inputs, written: async () => there };
  });
}

source("shapeless", () => [{ id: "a" }, ...ids.map(item)]);
source("misspelt", () => [{ origin: "tape:0", input: { txt: "a" } }, ...ids.map(item)]);
source("shuffled", () => ["a", "c", "b"].map(item));
source("endless", async function* () {
  for (let n = 0; ; n += 1) yield item(ids[n] ?? `more-${n}`);
});
const once = ids.map(item).values();
source("spent", () => once);
source("listless", async () => ids.map(item));
source(
  "unclosed",
  function* () {
    yield* ids.map(item);
  },
  () => false,
);

transform("writesIntoIt", (input) => Object.assign(input, { text: "changed" }));
transform("writesDeep", (input) => {
  Object.assign(input.metadata, { changed: true });
  return input;
});
let runs = 0;
transform("fickle", (input) => ({ ...input, text: String((runs += 1)) }));
transform("misspells", (input) => ({ ...input, metdata: {} }));
transform("counts", () => 17);

const idsOf = (given: readonly Input[]) => given.map(({ id }) => id);
sink("forgets", async () => undefined);
sink("doubles", async (given, there) => void there.push(...idsOf(given), ...idsOf(given)));
sink("changes", async (given, there) => {
  there.push(...idsOf(given));
  for (const input of given) Object.assign(input, { text: "changed" });
});
let kept: string[] = [];
sink(
  "keeps",
  async (given) => void kept.push(...idsOf(given)),
  (there) => {
    there.push(...kept);
    kept = [];
  },
);
sink("miscounts", async () => {
  throw new BatchError("miscounts", new Map([[9, new Error("broken")]]));
});
