/** Every form of content, from the source to the server and back, on both wires. */

import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type App,
  batch,
  deadLetters,
  dedupe,
  defineOpener,
  download,
  flow,
  fromIterable,
  type InputDraft,
  InputError,
  jsonl,
  listInputs,
  transform,
  upload,
} from "../../src/index.js";
import { exampleBytes } from "../helpers/files.js";
import { openStore, temporaryFolder, wires } from "../helpers/store.js";

/** Makes an image of a size: zeros after its end change nothing. */
const picture = (bytes: number) => Buffer.concat([exampleBytes("harbour/quay.jpg"), Buffer.alloc(bytes - 5854)]);
const small = picture(20_001);
const large = picture(700_003);

const stored = new Map([
  ["small", small],
  ["large", large],
]);
/** Errors by name, which the opener throws once it has sent half of what was asked for. */
const faults = new Map<string, Error[]>();
const starts: [string, number][] = [];
defineOpener({
  name: "shelf",
  scheme: "shelf",
  async *open(uri, { offset, length, signal }) {
    const name = uri.slice("shelf:".length).split("?")[0] ?? "";
    const bytes = stored.get(name);
    if (!bytes) throw new InputError("ERR_SHELF", `shelf: ${uri} does not exist`);
    starts.push([uri, offset]);
    const fault = length > 100_000 ? faults.get(uri)?.shift() : undefined;
    const end = fault ? offset + Math.floor(length / 2) : offset + length;
    for (let at = offset; at < end; at += 50_000) {
      signal?.throwIfAborted();
      await new Promise<void>((resolve) => setImmediate(resolve));
      yield bytes.subarray(at, Math.min(at + 50_000, end));
    }
    if (fault) throw fault;
  },
});
const onShelf = (id: string, name = id): InputDraft => ({
  id,
  image: { uri: `shelf:${name}?${id}`, sizeBytes: stored.get(name)?.length ?? 5000 },
});

function sliced(folder: string): { path: string; slices: InputDraft[] } {
  const path = join(folder, "box.bin");
  writeFileSync(path, Buffer.concat([Buffer.alloc(777, 7), small, large, Buffer.alloc(999, 9)]));
  const slice = (id: string, offset: number, length: number) => ({ id, image: { path, offset, length } });
  return { path, slices: [slice("part-1", 777, small.length), slice("part-2", 777 + small.length, large.length)] };
}

const put = (app: App, inputs: readonly InputDraft[], options = {}) =>
  flow(fromIterable(inputs)).pipe(batch(), upload(app)).run(options);

/** Downloads all inputs, and returns the SHA-256 of each. */
async function sums(app: App): Promise<Record<string, string>> {
  const folder = temporaryFolder();
  await flow(listInputs(app)).pipe(download(folder)).run();
  const found: Record<string, string> = {};
  for (const { id, image } of await flow(jsonl(join(folder, "manifest.jsonl"))).toArray()) {
    if (image && "path" in image) found[id] = sha256(readFileSync(image.path));
  }
  return found;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe.each(wires)("contents over %s", (wire) => {
  it("arrive byte for byte: bytes, parts of a file, and what an opener reads", async () => {
    const { app } = await openStore({}, {}, wire);
    const { slices } = sliced(temporaryFolder());
    const inputs = [{ id: "bytes", image: { bytes: small } }, ...slices, onShelf("small"), onShelf("large")];
    const report = await put(app, inputs);
    expect(report.counts).toMatchObject({ ok: 5, failed: 0 });
    const [one, two] = [sha256(small), sha256(large)];
    expect(await sums(app)).toEqual({ bytes: one, "part-1": one, small: one, "part-2": two, large: two });
  });

  it("fail alone if they do not exist, and the others of the request are sent", async () => {
    const { app } = await openStore({}, {}, wire);
    const missing = { ...onShelf("gone"), image: { uri: "shelf:gone", sizeBytes: 5000, mimeType: "image/jpeg" } };
    const report = await put(app, [onShelf("small"), missing, onShelf("large")]);
    expect(report.counts).toMatchObject({ ok: 2, failed: 1 });
    expect(report.failures).toMatchObject([
      { id: "gone", code: "ERR_SHELF", reason: "shelf: shelf:gone does not exist" },
    ]);
    expect(Object.keys(await sums(app)).sort()).toEqual(["large", "small"]);
  });

  it("are read on after a fault that may pass, and fail alone after one that does not", async () => {
    const { app } = await openStore({}, {}, wire);
    const passing = () => Object.assign(new Error("connection lost"), { retryable: true });
    faults.set("shelf:large?flaky", [passing(), passing()]);
    faults.set("shelf:large?broken", [new Error("bad sector")]);
    starts.length = 0;
    const report = await put(app, [onShelf("flaky", "large"), onShelf("broken", "large"), onShelf("small")]);
    expect(report.failures).toMatchObject([{ id: "broken", reason: expect.stringMatching(/shelf.*bad sector/) }]);
    expect(report.counts).toMatchObject({ ok: 2, failed: 1 });
    expect(await sums(app)).toEqual({ flaky: sha256(large), small: sha256(small) });
    const continued = starts.filter(([uri, offset]) => uri === "shelf:large?flaky" && offset > 0);
    expect(continued.map(([, offset]) => offset)).toEqual([350_001, 525_002]);
  });

  it("are read again when the request is sent again", async () => {
    const { store, app } = await openStore({}, {}, wire);
    store.faults.add({ method: "POST", path: "/v2/users/*/apps/*/inputs", fault: { type: "cut", when: "after" } });
    const { slices } = sliced(temporaryFolder());
    const report = await put(app, [...slices, onShelf("large")]);
    expect(report.counts).toMatchObject({ ok: 3 });
    expect(await sums(app)).toMatchObject({ "part-1": sha256(small), large: sha256(large) });
  });

  it("that are parts of a file which changed fail, and are not sent", async () => {
    const { app } = await openStore({}, {}, wire);
    const { path, slices } = sliced(temporaryFolder());
    const change = transform((input) => {
      appendFileSync(path, "x");
      utimesSync(path, 1000, 1000);
      return input;
    });
    const report = await flow(fromIterable(slices.slice(0, 1)))
      .pipe(change, batch(), upload(app))
      .run();
    expect(report.failures).toMatchObject([
      { code: "ERR_FILE_CHANGED", reason: expect.stringMatching(/list them again/) },
    ]);
    expect(await flow(listInputs(app)).toArray()).toEqual([]);
  });

  it("are recognized on the server by their bytes", async () => {
    const { app } = await openStore({}, {}, wire);
    const { slices } = sliced(temporaryFolder());
    const inputs = [...slices, onShelf("large")];
    await put(app, inputs);
    const again = await put(app, inputs);
    expect(again.counts).toMatchObject({ ok: 0, skipped: 3, failed: 0 });
  });
});

describe("contents", () => {
  it("are known to a journal, and skipped in the next run", async () => {
    const { app } = await openStore();
    const folder = temporaryFolder();
    const inputs = [...sliced(folder).slices, onShelf("large")];
    const journal = join(folder, "journal");
    expect((await put(app, inputs, { journal })).counts).toMatchObject({ ok: 3 });
    const again = await put(app, inputs, { journal });
    expect(again.counts).toMatchObject({ skipped: 3 });
    expect(again.skipped.map(({ reason }) => reason)).toEqual(expect.arrayContaining(["done earlier"]));
  });

  it("come back from a dead-letter file", async () => {
    const { store, app } = await openStore();
    const folder = temporaryFolder();
    const letters = join(folder, "failed.jsonl");
    store.faults.add({ method: "POST", fault: { type: "mixed", share: 1, code: 30104 } });
    const first = await put(app, [...sliced(folder).slices, onShelf("small")], { deadLetters: letters });
    expect(first.counts.failed).toBe(3);
    store.faults.clear();
    const report = await flow(deadLetters(letters)).pipe(batch(), upload(app)).run();
    expect(report.counts).toMatchObject({ ok: 3 });
    expect(await sums(app)).toMatchObject({ "part-2": sha256(large), small: sha256(small) });
  });

  it("are compared by their bytes, whatever their form", async () => {
    const { slices } = sliced(temporaryFolder());
    const inputs = [{ id: "bytes", image: { bytes: large } }, ...slices, onShelf("large")];
    const kept = await flow(fromIterable(inputs)).pipe(dedupe()).toArray();
    expect(kept.map(({ id }) => id)).toEqual(["bytes", "part-1"]);
  });

  it("have thumbnails in the page of a report", async () => {
    const { app } = await openStore();
    const report = await put(app, [...sliced(temporaryFolder()).slices, onShelf("small")]);
    const page = join(temporaryFolder(), "report.html");
    await report.writeHtml(page);
    expect(readFileSync(page, "utf8").match(/data:image\/jpeg/g)?.length).toBeGreaterThanOrEqual(3);
  });
});
