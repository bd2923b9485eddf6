/** Real flows with many requests, parts, stages, sources and runs print no warning of Node.js, such as that of too many listeners. */

import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type App,
  batch,
  flow,
  fromIterable,
  listInputs,
  patch,
  remove,
  splitText,
  transform,
  upload,
  urls,
} from "../../src/index.js";
import { openStore, temporaryFolder, type Wire, wires } from "../helpers/store.js";
import { startWeb } from "../helpers/web.js";

const pixel = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);
const { origin } = await startWeb({
  "/pixel.png": (response) => void response.writeHead(200, { "content-type": "image/png" }).end(pixel),
  "/never.png": () => undefined,
});

const warnings: string[] = [];
const note = (warning: Error) => void warnings.push(warning.stack ?? warning.message);

beforeEach(() => void process.on("warning", note));
afterEach(() => {
  process.off("warning", note);
  warnings.length = 0;
});

const addresses = (count: number, path = "pixel.png") =>
  Array.from({ length: count }, (_, index) => `${origin}/${path}?${index}`);
const texts = (count: number, prefix = "text") =>
  Array.from({ length: count }, (_, index) => ({ id: `${prefix}-${index}`, text: `calm sea ${prefix} ${index}` }));
const fetched = (list: readonly string[]) => urls(list, { fetch: true, allowPrivate: true, concurrency: 64 });

describe.each(wires)("over %s, Node.js warns of nothing", (wire) => {
  it("with 64 fetches at once", async () => {
    const app = await connected(wire);
    const { counts } = await flow(fetched(addresses(100)))
      .pipe(batch({ maxItems: 4 }), upload(app))
      .run();
    expect(counts.ok).toBe(100);
    await expectNoWarning();
  });

  it("with many parts of one input, and 20 stages", async () => {
    const app = await connected(wire);
    const stages = Array.from({ length: 20 }, () =>
      transform(async (input) => input, { timeoutMs: 60_000, concurrency: 32 }),
    );
    const { counts } = await flow(fromIterable([{ id: "long", text: "calm sea. ".repeat(1000) }]))
      .pipe(splitText({ maxChars: 100 }), ...(stages as []), batch({ maxItems: 3 }), upload(app))
      .run();
    expect(counts.ok).toBe(1);
    await expectNoWarning();
  });

  it("with 12 sinks, and with 20 sources that wait for capacity", async () => {
    const app = await connected(wire);
    await flow(fromIterable(texts(40)))
      .pipe(batch(), upload(app))
      .run();
    const sinks = Array.from({ length: 12 }, () => patch(app));
    const sources = Array.from({ length: 20 }, (_, index) =>
      listInputs(app, { ids: [`text-${index}`, `text-${index + 20}`] }),
    );
    const { counts } = await flow(sources)
      .pipe(batch(), ...(sinks as []))
      .run({ maxInFlight: 4 });
    expect(counts.read).toBe(40);
    await expectNoWarning();
  });
});

it("does not warn when a run with 64 open fetches is aborted", async () => {
  const app = await connected("rest");
  const abort = new AbortController();
  const fetches = fetched([...addresses(30), ...addresses(64, "never.png")]);
  const stopping = { signal: abort.signal, onOutcome: () => abort.abort() };
  const report = await flow(fetches)
    .pipe(batch({ maxItems: 5 }), upload(app))
    .run(stopping);
  expect(report.counts.read).toBeGreaterThan(0);
  await expectNoWarning();
});

it("does not warn when 20 runs and 20 loops share one signal", async () => {
  const app = await connected("rest");
  const { signal } = new AbortController();
  const folder = temporaryFolder();
  const runs = Array.from({ length: 20 }, (_, index) =>
    flow(fromIterable(texts(2, `run-${index}`)))
      .pipe(batch(), upload(app))
      .run({ signal, journal: `${folder}/${index}.journal`, handleSignals: true }),
  );
  const reports = await Promise.all(runs);
  expect(reports.map(({ counts }) => counts.ok)).toEqual(Array.from({ length: 20 }, () => 2));
  const loops = Array.from({ length: 20 }, () => flow(listInputs(app)).toArray({ signal }));
  expect((await Promise.all(loops)).map((inputs) => inputs.length)).toEqual(Array.from({ length: 20 }, () => 40));
  await flow(listInputs(app))
    .pipe(batch({ maxItems: 1 }), remove(app))
    .run({ signal });
  await expectNoWarning();
});

async function connected(wire: Wire): Promise<App> {
  return (await openStore({}, {}, wire)).app;
}

/** Node.js emits warnings in a later turn. */
async function expectNoWarning(): Promise<void> {
  await turn();
  expect(warnings).toEqual([]);
}
