/** Plugins that violate their contract, each in a suite that must fail. `testing.test.ts` runs them. */

import { BatchError, defineSink, defineSource, defineTransform, type Input, type InputDraft } from "sluice";
import { testSink, testSource, testTransform } from "sluice/testing";

const ids = ["a", "b", "c"];
const inputs = ids.map((id): InputDraft => ({ id, text: id }));
const item = (id: string) => ({ origin: `tape:${id}`, input: { id, text: id } });

function source(name: string, read: (ids: readonly string[]) => unknown, isClosed?: () => boolean): void {
  const define = defineSource({ name, read: () => read(ids) as never });
  testSource(name, async () => ({ source: define(), ids, ...(isClosed && { isClosed }) }));
}
function transform(name: string, apply: (input: Input) => unknown): void {
  const define = defineTransform({ name, apply: apply as never });
  testTransform(name, async () => ({ transform: define(), inputs }));
}
function sink(
  name: string,
  write: (inputs: Input[], stored: string[]) => Promise<void>,
  close?: (stored: string[]) => void,
): void {
  testSink(name, async () => {
    const stored: string[] = [];
    const define = defineSink({
      name,
      open: () => stored,
      write: (batch) => write(batch.inputs as Input[], stored),
      close: () => close?.(stored),
    });
    return { sink: define(), inputs, written: async () => stored };
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

const idsOf = (batch: readonly Input[]) => batch.map(({ id }) => id);
sink("forgets", async () => undefined);
sink("duplicates", async (batch, stored) => void stored.push(...idsOf(batch), ...idsOf(batch)));
sink("changes", async (batch, stored) => {
  stored.push(...idsOf(batch));
  for (const input of batch) Object.assign(input, { text: "changed" });
});
let buffered: string[] = [];
sink(
  "buffers",
  async (batch) => void buffered.push(...idsOf(batch)),
  (stored) => {
    stored.push(...buffered);
    buffered = [];
  },
);
sink("miscounts", async () => {
  throw new BatchError("miscounts", new Map([[9, new Error("broken")]]));
});
