/** `sluice search`, and the ways in which inputs are listed and counted. */

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { batch, flow, fromIterable, type InputDraft, upload } from "../../src/index.js";
import { jpeg } from "../helpers/files.js";
import { runHere } from "../helpers/run-here.js";
import { openStore } from "../helpers/store.js";

const crane = { id: "crane-1", box: [0.1, 0.1, 0.5, 0.5] as never, concepts: [{ id: "crane" }] };
const drafts: InputDraft[] = [
  { id: "a", text: "calm sea", concepts: ["sea"], metadata: { split: "train" }, datasets: ["d", "e"] },
  {
    id: "b",
    text: "rough sea",
    concepts: ["sea", "storm"],
    geo: { longitude: 4.48, latitude: 51.92 },
    datasets: ["d"],
  },
  { id: "c", image: { bytes: await jpeg(64, 48) }, geo: { longitude: -30, latitude: 40 }, annotations: [crane] },
];

async function open() {
  const { app, store } = await openStore();
  vi.stubEnv("CLARIFAI_API_BASE", store.url);
  vi.stubEnv("CLARIFAI_PAT", "any");
  onTestFinished(() => void vi.unstubAllEnvs());
  await flow(fromIterable(drafts)).pipe(batch(), upload(app)).run();
  const ids = async (...args: string[]) => {
    const { code, stdout, stderr } = await runHere("search", "--quiet", ...args);
    expect([code, stderr.replace("sluice: no inputs found\n", "")]).toEqual([0, ""]);
    return stdout.split("\n").filter((line) => line !== "");
  };
  return { app, ids };
}

describe("sluice search", () => {
  it("finds the inputs that pass all filters", async () => {
    const { ids } = await open();
    expect((await ids()).toSorted()).toEqual(["a", "b", "c"]);
    expect(await ids("--concept", "sea", "--without-concept", "storm")).toEqual(["a"]);
    expect(await ids("--near", "4.5,51.9,5")).toEqual(["b"]);
    expect(await ids("--near", "-30,40,1")).toEqual(["c"]);
    expect(await ids("--box", "-31,39,-29,41", "--kind", "image")).toEqual(["c"]);
    expect(await ids("--dataset", "e")).toEqual(["a"]);
    expect(await ids("--without", "annotations", "--without", "geo")).toEqual(["a"]);
    expect(await ids("--concept", "nothing")).toEqual([]);
    expect(await ids("--limit", "2")).toHaveLength(2);
  });

  it("ranks by a text", async () => {
    const { ids } = await open();
    expect((await ids("rough sea"))[0]).toBe("b");
    expect(await ids("--text", "calm sea", "--top", "1", "--kind", "text")).toEqual(["a"]);
  });

  it("prints what a list prints", async () => {
    await open();
    for (const args of [["--json", "--concept", "storm"], ["--long", "--headers", "--kind", "image"], ["--count"]]) {
      const [found, listed] = [await runHere("search", ...args), await runHere("list", ...args)];
      expect({ ...found, stdout: found.stdout.split("\n").toSorted() }).toEqual({
        ...listed,
        stdout: listed.stdout.split("\n").toSorted(),
      });
    }
    const json = await runHere("search", "--json", "id,datasets,annotations", "--concept", "crane");
    expect(JSON.parse(json.stdout)).toMatchObject({
      id: "c",
      datasets: [],
      annotations: [{ concepts: [{ id: "crane" }] }],
    });
  });

  it("refuses options that do not go together, and an unknown dataset", async () => {
    await open();
    const cases: [string[], RegExp][] = [
      [["--top", "3"], /--top needs a text; --limit/],
      [["sea", "--text", "sea"], /the text is named twice/],
      [["--near", "4,5"], /It must be longitude,latitude,kilometres/],
      [["--near", "4,95,1"], /It must be longitude,latitude,kilometres/],
      [["--box", "0,10,1,0"], /It must be west,south,east,north/],
      [["--near", "4,5,1", "--box", "0,0,1,1"], /cannot be used with option '--box/],
      [["--dataset", "nope"], /there is no dataset "nope"/],
      [[""], /It must not be empty/],
    ];
    for (const [args, text] of cases) {
      const ran = await runHere("search", ...args);
      expect([args, ran.code, ran.stdout]).toEqual([args, 2, ""]);
      expect(ran.stderr).toMatch(text);
    }
  });
});

describe("a list of inputs", () => {
  it("counts by kind, status, dataset and concept", async () => {
    await open();
    expect((await runHere("list", "--count", "dataset,status")).stdout).toBe(
      "-  processed  1\nd  processed  2\ne  processed  1\n",
    );
    expect((await runHere("list", "--count", "kind", "--headers")).stdout).toBe("KIND   INPUTS\nimage  1\ntext   2\n");
    expect((await runHere("search", "--count", "concept", "--kind", "text")).stdout).toBe("sea    2\nstorm  1\n");
    expect(await runHere("list", "--count", "colour")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        '"colour" is not a field. The fields are kind, status, dataset, concept',
      ) as string,
    });
  });

  it("prints a line for each annotation", async () => {
    await open();
    const { stdout, stderr } = await runHere("list", "--annotations", "--headers");
    expect(stdout).toMatch(/^INPUT +ANNOTATION +TYPE +STATUS +CONCEPTS\nc +\S+ +box +success +crane\n$/);
    expect(stderr).toMatch(/^3 inputs: .*, 1 annotation\n$/);
  });
});
