/** Datasets that the command line recognizes by their content, without `--as`. */

import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";

import { forms } from "../../src/cli/reading/forms.js";
import { openHub } from "../helpers/hub-server.js";
import { runHere } from "../helpers/run-here.js";
import { temporaryFolder } from "../helpers/store.js";

const voc = "<annotation>\n<filename>a.jpg</filename></annotation>";
const coco = '{"images": [], "annotations": []}';
it.each([
  ["coco", { "annotations/person_keypoints_val.json": coco }],
  ["coco", { "annotations/captions_train.json": coco }],
  ["coco", { "valid/_annotations.coco.json": coco }],
  ["yolo", { "data.yaml": "train: images\nnames: [cat]\n" }],
  ["yolo", { "classes.txt": "cat\n", "images/a.txt": "", "labels/a.txt": "" }],
  ["voc", { "Annotations/a.xml": voc }],
  ["voc", { "a.jpg": "", "a.xml": voc }],
  ["voc", { "train/a.xml": voc }],
  ["cvat", { "train.xml": "<annotations>\n<version>1.1</version></annotations>" }],
  ["no dataset", { "annotations/captions.json": '{"words": 1}', "notes.xml": "<notes/>" }],
] as [string, Record<string, string>][])("recognizes %s in %o", async (expected, files) => {
  const root = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  const found = [];
  for (const form of forms) if (await form.isRecognized?.(root, statSync(root))) found.push(form.name);
  expect(found.find((name) => name !== "folder") ?? "no dataset").toBe(expected);
});

afterEach(() => vi.unstubAllEnvs());

it("reads a dataset of the hub by its URI and by the address of its page", async () => {
  const table = readFileSync(join(import.meta.dirname, "../cases/files/parquet/hugging-face.parquet"));
  const hub = await openHub({ "ann/pets": { files: { "en/train.parquet": table, "en/test.parquet": table } } });
  vi.stubEnv("HF_ENDPOINT", hub.url);
  vi.stubEnv("HF_TOKEN", "");
  vi.stubEnv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
  const all = await runHere("doctor", "hf://datasets/ann/pets", "--no-duplicates", "--json");
  expect(JSON.parse(all.stdout)).toMatchObject({ counts: { read: 10, checked: 10 } });
  const part = await runHere(
    "doctor",
    `${hub.url}/datasets/ann/pets`,
    "--hf-config",
    "en",
    "--hf-split",
    "test",
    "--json",
  );
  expect(JSON.parse(part.stdout)).toMatchObject({ counts: { read: 5 }, splits: [{ name: "test", inputs: 5 }] });
  const none = await runHere("doctor", "hf://datasets/ann/none");
  expect([none.code, none.stderr]).toEqual([
    1,
    expect.stringContaining("or is private; check its name, or set HF_TOKEN"),
  ]);
  const local = await runHere("doctor", temporaryFolder(), "--hf-split", "test");
  expect(local.stderr).toContain("--hf-split is for datasets on the hub");
});

it("compares images by what they show with --near-duplicates, and says where the option goes", async () => {
  const path = temporaryFolder();
  const { default: sharp } = await import("sharp");
  const pixels = Buffer.from(Array.from({ length: 147 }, (_, index) => (7919 * (index + 3) ** 2) % 251));
  const image = sharp(pixels, { raw: { width: 7, height: 7, channels: 3 } }).resize(300, 220, { kernel: "cubic" });
  const bytes = await image.jpeg({ quality: 95 }).toBuffer();
  mkdirSync(join(path, "train/cat"), { recursive: true });
  mkdirSync(join(path, "test/cat"), { recursive: true });
  writeFileSync(join(path, "train/cat/a.jpg"), bytes);
  writeFileSync(join(path, "test/cat/b.jpg"), await sharp(bytes).resize(120).jpeg().toBuffer());
  const found = await runHere("doctor", path, "--as", "imagefolder", "--near-duplicates", "--ignore", "mixed-sizes");
  expect(found.stdout).toMatch(/leakage: 1 [\s\S]*a\.jpg: looks like \S+b\.jpg in test, and is in train; \d of 64/);
  expect(found.code).toBe(1);
  expect((await runHere("doctor", path, "--as", "imagefolder")).code).toBe(0);
  const misplaced = await runHere("doctor", "--near-duplicates", path);
  expect([misplaced.code, misplaced.stderr]).toEqual([2, expect.stringContaining("a whole number from 0 to 11")]);
});
