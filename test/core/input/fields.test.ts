/** Normalization, freezing, the journal key and the display handle every declared field. */

import { expect, it } from "vitest";
import { journalKeyOf } from "../../../src/core/input/fields/each-field.js";
import {
  fieldNames,
  InputDraft,
  recordFields,
  reportedFields,
  requiredFields,
} from "../../../src/core/input/fields/fields.js";
import type { Input } from "../../../src/core/input/input.js";
import { inputText } from "../../../src/core/input/input-text.js";
import { normalize } from "../../../src/core/input/normalize.js";

/** A value of each field. The compiler requires one for a new field. */
const values: { [Name in keyof Required<InputDraft>]: () => NonNullable<InputDraft[Name]> } = {
  id: () => "an-id",
  image: () => ({ path: "a.jpg", sizeBytes: 3, modifiedMs: 4 }),
  video: () => ({ url: "https://example.com/a.mp4" }),
  audio: () => ({ path: "a.mp3", sizeBytes: 5, modifiedMs: 6 }),
  text: () => "some text",
  textUrl: () => "https://example.com/a.txt",
  concepts: () => [{ id: "cat" }],
  metadata: () => ({ split: "train", list: [{ deep: 1 }] }),
  geo: () => ({ longitude: 1, latitude: 2 }),
  annotations: () => [
    { box: [0, 0, 1, 1] as [number, number, number, number], concepts: [{ id: "dog" }], info: { by: "me" } },
  ],
  datasets: () => ["one"],
  status: () => ({ code: 30000, description: "ready" }),
  createdAt: () => "2024-01-01T00:00:00Z",
  modifiedAt: () => "2024-01-02T00:00:00Z",
};

function draftWith(names: readonly (keyof Input)[]): InputDraft {
  return Object.fromEntries(names.map((name) => [name, values[name]()]));
}

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}

it.each([true, false])("keeps and freezes every field of a draft (trusted source: %s)", (isChecked) => {
  const input = normalize(draftWith(fieldNames), "o", { isChecked }) as Input;
  expect(input).toEqual(draftWith(fieldNames));
  expect(isDeeplyFrozen(input)).toBe(true);
});

it.each([true, false])("gives an input without content its required fields only (trusted source: %s)", (isChecked) => {
  const input = normalize({ id: "an-id" }, "o", { isChecked }) as Input;
  expect(Object.keys(input).sort()).toEqual(requiredFields.toSorted());
  expect(isDeeplyFrozen(input)).toBe(true);
});

it("counts every field that the user sets in the journal key, and no other", () => {
  const empty = { ...(normalize({ id: "x" }, "o") as Input) };
  for (const name of fieldNames) {
    const isCounted = !reportedFields.includes(name);
    const key = journalKeyOf({ ...empty, [name]: values[name]() } as Input);
    expect(key === journalKeyOf(empty), name).toBe(!isCounted);
  }
});

it("computes the journal keys of the first release", () => {
  const input = normalize(draftWith(fieldNames), "o", { isChecked: true }) as Input;
  expect(journalKeyOf(input)).toBe("GoiCu0aq6kb7_96U");
  expect(journalKeyOf(normalize({ id: "an-id", text: "some text" }, "o") as Input)).toBe("B7UrtGwp5nqcFd6y");
});

it("checks the fields in the order from which ids of drafts are computed", () => {
  expect(Object.keys(InputDraft.parse(draftWith(fieldNames.toReversed())))).toEqual([
    ...["id", "image", "video", "audio", "text", "textUrl", "concepts", "metadata", "geo", "annotations", "datasets"],
    ...["status", "createdAt", "modifiedAt"],
  ]);
});

it("prints every field of the record except the times", () => {
  const text = inputText(normalize({ ...draftWith(recordFields), text: "some text" }, "o") as Input);
  for (const name of recordFields) expect(text.includes(`\n  ${name}`), name).toBe(!name.endsWith("At"));
});
