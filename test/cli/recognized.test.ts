/** Datasets that the command line recognizes by their content, without `--as`. */

import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { forms } from "../../src/cli/reading/forms.js";
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
