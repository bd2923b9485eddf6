/** Losses: what counts as lost, and what another format numbers and measures for itself. */

import { expect, it } from "vitest";
import { LossList, loseOfAnnotation, loseOfInput } from "../../../src/formats/dataset-folder/losses.js";
import type { Annotation, Input } from "../../../src/index.js";

function lostOf(metadata: Input["metadata"], info: Annotation["info"]) {
  const losses = new LossList();
  const input = { id: "a", concepts: [], annotations: [], datasets: [], metadata } as unknown as Input;
  loseOfInput(input, losses);
  loseOfAnnotation({ concepts: [], info }, losses);
  return losses.list.flatMap(({ what, values }) => [what, ...(values ?? [])]);
}

it("counts no numbers of a format, and no values that it sets by itself", () => {
  expect(
    lostOf({ coco: { id: 7, width: 4, height: 3 } }, { coco: { id: 1, category: { id: 18 }, iscrowd: 0 } }),
  ).toEqual([]);
  expect(lostOf({}, { voc: { pose: "Unspecified", truncated: 0, difficult: 0 } })).toEqual([]);
});

it("counts and names everything else", () => {
  expect(lostOf({ coco: { id: 7, license: "CC0" }, camera: "K1" }, { coco: { id: 1, iscrowd: 1 } })).toEqual([
    "metadata lost",
    'coco: {"license":"CC0"}',
    'camera: "K1"',
    "annotation info lost",
    'coco: {"iscrowd":1}',
  ]);
  expect(lostOf({}, { voc: { pose: "Left", truncated: 0 }, mine: 3 })).toEqual([
    "annotation info lost",
    'voc: {"pose":"Left"}',
    "mine: 3",
  ]);
  expect(lostOf({}, { coco: { category: { id: 1, supercategory: "animal" } } })).toEqual([
    "annotation info lost",
    'coco: {"category":{"id":1,"supercategory":"animal"}}',
  ]);
});
