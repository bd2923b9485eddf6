/** The option `datasets`, which means the same for every source that makes inputs. */

import { join } from "node:path";
import { of } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  archive,
  csv,
  flow,
  folder,
  fromIterable,
  fromObservable,
  type InputDraft,
  jsonl,
  listInputs,
  type Source,
  upload,
  urls,
} from "../../src/index.js";
import { fileWith, folderWith, tempFolder } from "../helpers/files.js";
import { openStore } from "../helpers/store.js";

const temp = tempFolder();
const draft: InputDraft = { text: "calm sea", datasets: ["own"] };
const line = fileWith(temp, "in.jsonl", `${JSON.stringify(draft)}\n`);
const table = fileWith(temp, "in.csv", "input,set\ncalm sea,own\n");
const map = (row: Record<string, string>) => ({ text: row.input ?? "", datasets: [row.set ?? ""] });
const files = folderWith(temp, { "a.txt": "calm sea" });
const zip = join(import.meta.dirname, "../cases/files/archives/stored.zip");

/** Every source that makes inputs, and the datasets that its input has without the option. */
const sources: Record<string, [make: (datasets?: string[]) => Source, own: string[]]> = {
  folder: [(datasets = []) => folder(files, { datasets }), []],
  archive: [(datasets = []) => archive(zip, { include: "**/notes.txt", datasets }), []],
  urls: [(datasets = []) => urls(["https://example.com/a.jpg"], { datasets }), []],
  csv: [(datasets = []) => csv(table, { map, datasets }), ["own"]],
  jsonl: [(datasets = []) => jsonl(line, { datasets }), ["own"]],
  fromIterable: [(datasets = []) => fromIterable([draft], { datasets }), ["own"]],
  fromObservable: [(datasets = []) => fromObservable(of(draft), { datasets }), ["own"]],
};

describe.for(Object.entries(sources))("the option datasets of %s", ([, [make, own]]) => {
  it("adds datasets to those of the input, and leaves its id as it is", async () => {
    const [plain] = await flow(make()).toArray();
    const [joined] = await flow(make(["train", "own"])).toArray();
    expect(plain?.datasets).toEqual(own);
    expect(joined?.datasets).toEqual([...new Set([...own, "train", "own"])]);
    expect(joined?.id).toBe(plain?.id);
  });

  it("refuses what is no list of names", () => {
    expect(() => make("train" as never)).toThrow(expect.objectContaining({ code: "ERR_OPTIONS" }));
    expect(() => make([""])).toThrow(expect.objectContaining({ code: "ERR_OPTIONS" }));
  });
});

describe("an upload", () => {
  it("puts inputs into the datasets of their source", async () => {
    const { app } = await openStore();
    await flow(jsonl(line, { datasets: ["train"] }))
      .pipe(upload(app))
      .run();
    const [input] = await flow(listInputs(app, { datasets: true })).toArray();
    expect([...(input?.datasets ?? [])].sort()).toEqual(["own", "train"]);
  });
});

it("fails an input whose own datasets are no list", async () => {
  const broken = { id: "a", text: "a", datasets: "train" } as never;
  const report = await flow(fromIterable([broken], { datasets: ["all"] })).run();
  expect(report.failures).toMatchObject([{ code: "ERR_INPUT_SHAPE" }]);
});
