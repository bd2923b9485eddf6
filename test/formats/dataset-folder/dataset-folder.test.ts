/** Folders of datasets, filled by a small format of the test's own. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { DatasetFolder } from "../../../src/formats/dataset-folder/dataset-folder.js";
import type { DatasetFormat } from "../../../src/formats/dataset-folder/format.js";
import { classOf, loseOfInput } from "../../../src/formats/dataset-folder/losses.js";
import { type CheckedDatasetOptions, datasetOptionFields } from "../../../src/formats/dataset-folder/options.js";
import { defineSink, flow, fromIterable, type InputDraft, InputError } from "../../../src/index.js";

/** Writes the class indexes of each image as text. */
const tags: DatasetFormat = {
  plugin: "writeTags",
  format: "Tags",
  identity: "tags",
  mediaFolder: (split) => split ?? "all",
  labelPaths: ({ split, stem }) => [`tags/${split ?? "all"}/${stem}.txt`],
  label(input, { classes, losses }) {
    if (input.concepts.some(({ id }) => id === "forbidden")) throw new InputError("ERR_TAG", "forbidden");
    const indexes = input.concepts.map((concept) => classes.indexOf(classOf(concept, losses)));
    loseOfInput(input, losses, { concepts: true });
    return { files: [indexes.join(" ")], record: indexes.length };
  },
  async finish({ records, classes, writeFile }) {
    const lines = async function* () {
      for await (const { mediaPath, record } of records()) yield `${mediaPath} ${String(record)}\n`;
    };
    await writeFile("index.txt", lines());
    await writeFile(
      "classes.txt",
      classes.map((name) => `${name}\n`),
    );
  },
};

const writeTags = defineSink({
  name: "writeTags",
  parse: (path: string, options: z.input<z.ZodObject<typeof datasetOptionFields>> = {}) => ({
    path,
    options: z.strictObject(datasetOptionFields).parse(options) as CheckedDatasetOptions,
  }),
  batch: { maxItems: 64 },
  supportsDryRun: true,
  opensAlways: true,
  open: ({ options: { path, options }, ...run }) => DatasetFolder.open(path, tags, options, run),
  write: (batch, { state }) => state.write(batch),
  close: ({ state }) => state.close(),
});

const home = mkdtempSync(join(tmpdir(), "sluice-dataset-folder-"));
const red = join(home, "a", "red.png");
const other = join(home, "b", "RED.png");
let count = 0;
const newPath = () => join(home, `out-${count++}`);
const text = (...parts: string[]) => readFileSync(join(...parts), "utf8");

beforeAll(async () => {
  for (const [path, width] of [
    [red, 4],
    [other, 6],
  ] as const) {
    mkdirSync(join(path, ".."), { recursive: true });
    await sharp({ create: { width, height: 3, channels: 3, background: "red" } })
      .png()
      .toFile(path);
  }
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const first: InputDraft = { id: "first", image: { path: red }, concepts: ["cat", "dog"] };
const second: InputDraft = { id: "second", image: { path: other }, concepts: ["dog"], metadata: { split: "val" } };

describe("a dataset folder", () => {
  it("writes images, labels and the files that complete the dataset", async () => {
    const out = newPath();
    const report = await flow(fromIterable([first, second]))
      .pipe(writeTags(out))
      .run();
    expect(report.counts).toMatchObject({ read: 2, ok: 2 });
    expect(text(out, "index.txt")).toBe("all/red.png 2\nval/RED.png 1\n");
    expect(text(out, "classes.txt")).toBe("cat\ndog\n");
    expect([text(out, "tags/all/red.txt"), text(out, "tags/val/RED.txt")]).toEqual(["0 1", "1"]);
    expect(readFileSync(join(out, "all/red.png"))).toEqual(readFileSync(red));
    expect(existsSync(join(out, "losses.jsonl"))).toBe(false);
  });

  it.each([1, 64])(
    "fails the second of two inputs with one id, with %d inputs of others between them",
    async (between) => {
      const out = newPath();
      const others = Array.from({ length: between }, (_, n) => ({ ...second, id: `other-${n}` }));
      const report = await flow(fromIterable([first, ...others, { ...second, id: "first" }]))
        .pipe(writeTags(out))
        .run();
      expect(report.counts).toMatchObject({ ok: between + 1, failed: 1 });
      expect(report.failures).toMatchObject([{ id: "first", code: "ERR_ID_IN_RUN", stage: "writeTags" }]);
      expect(text(out, "index.txt")).toMatch(/^all\/red\.png 2\n/);
      expect(readFileSync(join(out, "all/red.png"))).toEqual(readFileSync(red));
    },
  );

  it.each(["../victim", "/victim", "a/../../victim", "C:\\victim"])(
    "refuses a state file that names %s, and removes nothing",
    async (path) => {
      const out = newPath();
      const victim = join(out, "../victim");
      mkdirSync(out);
      writeFileSync(victim, "keep");
      const lines = [{ sluice: "dataset", version: 1, identity: "tags" }, { claim: [{ id: "a", files: [path] }] }];
      writeFileSync(join(out, ".sluice-dataset.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      const run = flow(fromIterable([first]))
        .pipe(writeTags(out))
        .run();
      await expect(run).rejects.toMatchObject({ code: "ERR_STATE_DAMAGED" });
      expect(text(victim)).toBe("keep");
    },
  );

  it("gives images names that differ in more than case and extension", async () => {
    const out = newPath();
    await flow(fromIterable([first, { ...second, metadata: {} }]))
      .pipe(writeTags(out))
      .run();
    const names = readdirSync(join(out, "all")).sort();
    expect(names).toHaveLength(2);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(2);
    expect(names).toContain("red.png");
  });

  it("writes nothing twice, and replaces what changed with all of its files", async () => {
    const out = newPath();
    await flow(fromIterable([first, second]))
      .pipe(writeTags(out))
      .run();
    const again = await flow(fromIterable([first, second]))
      .pipe(writeTags(out))
      .run();
    expect(again.counts).toMatchObject({ ok: 0, skipped: 2 });
    const moved = { ...first, metadata: { split: "val" }, concepts: ["bird"] };
    const changed = await flow(fromIterable([moved, second]))
      .pipe(writeTags(out))
      .run();
    expect(changed.counts).toMatchObject({ ok: 1, skipped: 1 });
    expect(existsSync(join(out, "all/red.png"))).toBe(false);
    expect(existsSync(join(out, "tags/all/red.txt"))).toBe(false);
    expect(text(out, "classes.txt")).toBe("cat\ndog\nbird\n");
    const lines = text(out, "index.txt").trim().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines.every((line) => line.startsWith("val/"))).toBe(true);
  });

  it("replaces an image by another file of the same name, size and time", async () => {
    const out = newPath();
    const [from, to] = [join(home, "c", "same.png"), join(home, "d", "same.png")];
    for (const [path, colour] of [
      [from, "red"],
      [to, "lime"],
    ] as const) {
      mkdirSync(join(path, ".."), { recursive: true });
      const image = sharp({ create: { width: 4, height: 3, channels: 3, background: colour } });
      const bytes = await image.png({ compressionLevel: 0 }).toBuffer(); // so that both have one size
      writeFileSync(path, bytes);
      utimesSync(path, 1_700_000_000, 1_700_000_000);
    }
    expect(statSync(from).size).toBe(statSync(to).size);
    for (const [path, counts] of [
      [from, { ok: 1, skipped: 0 }],
      [to, { ok: 1, skipped: 0 }],
      [to, { ok: 0, skipped: 1 }],
    ] as const) {
      const report = await flow(fromIterable([{ ...first, image: { path } }]))
        .pipe(writeTags(out))
        .run();
      expect(report.counts).toMatchObject(counts);
      expect(readFileSync(join(out, "all/same.png"))).toEqual(readFileSync(path));
    }
  });

  it("writes an image again whose file was removed or cut", async () => {
    const out = newPath();
    await flow(fromIterable([first, second]))
      .pipe(writeTags(out))
      .run();
    rmSync(join(out, "all/red.png"));
    writeFileSync(join(out, "tags/val/RED.txt"), "");
    const report = await flow(fromIterable([first, second]))
      .pipe(writeTags(out))
      .run();
    expect(report.counts).toMatchObject({ ok: 2, skipped: 0 });
    expect(text(out, "tags/val/RED.txt")).toBe("1");
  });

  it("fails an input alone, and adds it when it is repaired", async () => {
    const out = newPath();
    const bad = { ...first, concepts: ["forbidden"] };
    const report = await flow(fromIterable([bad, second, { id: "t", text: "no image" }]))
      .pipe(writeTags(out))
      .run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 2 });
    expect(report.failures.map(({ code }) => code).sort()).toEqual(["ERR_KIND_MISMATCH", "ERR_TAG"]);
    await flow(fromIterable([first]))
      .pipe(writeTags(out))
      .run();
    expect(text(out, "index.txt")).toBe("val/RED.png 1\nall/red.png 2\n");
  });

  it("names what the format cannot express in the report and in losses.jsonl", async () => {
    const out = newPath();
    const rich = { ...first, metadata: { filename: "red.png", shot: 7 }, geo: { longitude: 1, latitude: 2 } };
    const report = await flow(fromIterable([rich, second]))
      .pipe(writeTags(out))
      .run();
    expect(report.notes).toEqual({ "Tags: metadata lost": 1, "Tags: location lost": 1 });
    const [line, end] = text(out, "losses.jsonl").split("\n");
    expect(JSON.parse(line ?? "")).toMatchObject({
      id: "first",
      file: "all/red.png",
      lost: [
        { what: "metadata lost", count: 1, values: ["shot: 7"] },
        { what: "location lost", count: 1, values: ["1, 2"] },
      ],
    });
    expect(end).toBe("");
    await flow(fromIterable([first]))
      .pipe(writeTags(out))
      .run();
    expect(existsSync(join(out, "losses.jsonl"))).toBe(false);
  });

  it("removes the files of a killed run, and drops the record that it was replacing", async () => {
    const out = newPath();
    await flow(fromIterable([first, second]))
      .pipe(writeTags(out))
      .run();
    const state = join(out, ".sluice-dataset.jsonl");
    const claim = { claim: [{ id: "second", files: ["new/x.png"] }] };
    writeFileSync(state, `${text(state)}${JSON.stringify(claim)}\n{"id":"thi`);
    mkdirSync(join(out, "new"));
    writeFileSync(join(out, "new", ".x.png.part"), "half");
    const report = await flow(fromIterable([second]))
      .pipe(writeTags(out))
      .run();
    expect(report.counts).toMatchObject({ ok: 1, skipped: 0 });
    expect(readdirSync(join(out, "new"))).toEqual([]);
    expect(text(out, "index.txt")).toBe("all/red.png 2\nval/RED.png 1\n");
  });

  it("refuses a folder of other files, another form, and a damaged state", async () => {
    const run = (out: string) =>
      flow(fromIterable([first]))
        .pipe(writeTags(out))
        .run();
    await expect(run(join(home, "a"))).rejects.toMatchObject({ code: "ERR_FILE_EXISTS" });
    await expect(run(red)).rejects.toMatchObject({ code: "ERR_FILE_EXISTS" });
    const out = newPath();
    await run(out);
    const state = join(out, ".sluice-dataset.jsonl");
    const lines = text(state);
    writeFileSync(state, lines.replace('"identity":"tags"', '"identity":"voc"'));
    await expect(run(out)).rejects.toMatchObject({ code: "ERR_FILE_EXISTS" });
    writeFileSync(state, lines.replace('{"claim"', '{"cl?im'));
    await expect(run(out)).rejects.toMatchObject({ code: "ERR_STATE_DAMAGED" });
  });

  it("lets one run at a time write into a folder", async () => {
    const out = newPath();
    const inner = async () => {
      await expect(
        flow(fromIterable([second]))
          .pipe(writeTags(out))
          .run(),
      ).rejects.toMatchObject({
        code: "ERR_FILE_LOCKED",
      });
      return "train";
    };
    const promise: Promise<unknown>[] = [];
    await flow(fromIterable([first]))
      .pipe(writeTags(out, { split: () => void promise.push(inner()) as undefined }))
      .run();
    await Promise.all(promise);
    expect(promise).toHaveLength(1);
  });

  it("keeps the classes in the order of the option, and refuses another order later", async () => {
    const out = newPath();
    await flow(fromIterable([first]))
      .pipe(writeTags(out, { classes: ["zebra", "dog"] }))
      .run();
    expect(text(out, "classes.txt")).toBe("zebra\ndog\ncat\n");
    const other = flow(fromIterable([first]))
      .pipe(writeTags(out, { classes: ["dog"] }))
      .run();
    await expect(other).rejects.toMatchObject({ code: "ERR_CLASSES" });
  });

  it("links images, or writes none", async () => {
    const [linked, none] = [newPath(), newPath()];
    await flow(fromIterable([first]))
      .pipe(writeTags(linked, { media: "link" }))
      .run();
    expect(statSync(join(linked, "all/red.png")).ino).toBe(statSync(red).ino);
    await flow(fromIterable([first]))
      .pipe(writeTags(none, { media: "none" }))
      .run();
    expect(existsSync(join(none, "all"))).toBe(false);
    expect(text(none, "tags/all/red.txt")).toBe("0 1");
  });

  it("writes nothing in a plan, and counts the losses", async () => {
    const out = newPath();
    const plan = await flow(fromIterable([{ ...first, metadata: { shot: 7 } }]))
      .pipe(writeTags(out))
      .plan();
    expect(plan.counts).toMatchObject({ ok: 1 });
    expect(existsSync(out)).toBe(false);
  });

  it("does not complete the dataset of a stopped run", async () => {
    const out = newPath();
    const stop = new AbortController();
    const source = fromIterable(
      (function* () {
        yield first;
        stop.abort();
        yield second;
      })(),
    );
    await flow(source)
      .pipe(writeTags(out))
      .run({ signal: stop.signal })
      .catch(() => undefined);
    expect(existsSync(join(out, "index.txt"))).toBe(false);
  });
});
