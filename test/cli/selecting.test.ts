/** The options that select inputs, and the output of `sluice list`. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { byteCount, moment } from "../../src/cli/filters/filter-values.js";
import { App, batch, FlowError, flow, fromIterable, type InputDraft, upload } from "../../src/index.js";
import { startCommand } from "../helpers/command.js";
import { jpeg } from "../helpers/files.js";
import { runHere } from "../helpers/run-here.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const photo = await jpeg(640, 480);
const drafts: InputDraft[] = [
  { id: "a", text: "calm sea", concepts: ["sea"], metadata: { split: "train", n: 1, zip: "007" }, datasets: ["d"] },
  { id: "b", text: "rough sea", concepts: ["sea", { id: "c-1", name: "storm" }], geo: { longitude: 1, latitude: 2 } },
  { id: "c", image: { bytes: photo }, metadata: { camera: { model: "X", lens: 50 }, filename: "quay.jpg" } },
  { id: "e", text: "no boat", concepts: [{ id: "boat", value: 0 }] },
];

async function open() {
  const { store, app } = await openStore();
  vi.stubEnv("CLARIFAI_API_BASE", store.url);
  vi.stubEnv("CLARIFAI_PAT", "any");
  onTestFinished(() => void vi.unstubAllEnvs());
  await flow(fromIterable(drafts)).pipe(batch(), upload(app)).run();
  const ids = async (...args: string[]) => {
    const { code, stdout, stderr } = await runHere("list", "--quiet", ...args);
    expect([code, stderr.replace("sluice: no inputs found\n", "")]).toEqual([0, ""]);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .toSorted(); // images and texts are uploaded at the same time
  };
  return { store, app, ids };
}

describe("a selection", () => {
  it("takes the inputs that pass all filters", async () => {
    const { ids } = await open();
    expect(await ids()).toEqual(["a", "b", "c", "e"]);
    expect(await ids("--concept", "sea")).toEqual(["a", "b"]);
    expect(await ids("--concept", "sea", "--concept", "storm")).toEqual(["b"]); // storm is a name
    expect(await ids("--concept", "boat")).toEqual([]); // its value 0 says that it is absent
    expect(await ids("--concept", "sea", "--without-concept", "c-1")).toEqual(["a"]);
    expect(await ids("--metadata", "n=1")).toEqual(["a"]);
    expect(await ids("--metadata", "zip=007", "--metadata", "split=train")).toEqual(["a"]);
    expect(await ids("--metadata", "n=2")).toEqual([]);
    expect(await ids("--metadata", 'camera={"model":"X"}')).toEqual(["c"]);
    expect(await ids("--dataset", "d", "--kind", "text")).toEqual(["a"]);
    expect(await ids("--status", "processed", "--without", "concepts")).toEqual(["c"]);
    expect(await ids("--status", "failed")).toEqual([]);
    expect(await ids("--with", "geo")).toEqual(["b"]);
    expect(await ids("--without", "datasets", "--without", "geo")).toEqual(["c", "e"]);
    expect(await ids("--since", "1h")).toEqual(["a", "b", "c", "e"]);
    expect(await ids("--before", "1h")).toEqual([]);
    expect(await ids("--before", "2999-01-01", "--since", "2020-01-01", "--concept", "storm")).toEqual(["b"]);
  });

  it("asks for the sizes of contents", async () => {
    const { ids } = await open();
    expect(await ids("--min-size", "1kB")).toEqual(["c"]);
    expect(await ids("--min-size", "8", "--max-size", "8")).toEqual(["a"]);
    expect(await ids("--max-size", `${photo.length}`, "--kind", "image")).toEqual(["c"]);
    expect(await ids("--min-size", `${photo.length + 1}`)).toEqual([]);
  });

  it("by ids reports the ids that are missing or excluded", async () => {
    await open();
    expect((await runHere("list", "--quiet", "--id", "c", "--id", "a")).stdout).toBe("c\na\n");
    const ran = await runHere("list", "--id", "a", "--id", "c", "--id", "zz", "--concept", "sea", "--quiet");
    expect(ran).toMatchObject({ code: 0, stdout: "a\n" });
    expect(ran.stderr).toMatch(/skipped {2}1 × it does not have the concept "sea": c/);
    expect(ran.stderr).toMatch(/skipped {2}1 × no input has this id: zz/);
  });

  it("reads ids from a file, and from the output of a list on stdin", async () => {
    const { store, ids } = await open();
    const cwd = temporaryFolder();
    const file = join(cwd, "ids.txt");
    writeFileSync(file, '\uFEFFb\r\n\r\n{"id":"a","kind":"text"}\nb\n');
    expect((await runHere("list", "--quiet", "--ids", file)).stdout).toBe("b\na\n");
    const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
    const removed = await startCommand(["remove", "--ids", "-", "--yes"], { cwd, env, stdin: "b\nc\n" }).ended;
    expect(removed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^read 2 = ok 2 /) as string });
    await vi.waitFor(async () => expect(await ids()).toEqual(["a", "e"]));
    const nothing = await startCommand(["remove", "--ids", "-", "--yes"], { cwd, env, stdin: "\n" }).ended;
    expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining("stdin has no ids") as string });
    expect(await ids()).toEqual(["a", "e"]);
  });

  it("of a removal is planned with --dry-run, and never empty without --all", async () => {
    const { ids } = await open();
    const planned = await runHere("remove", "--concept", "sea", "--dry-run", "--verbose");
    expect(planned.stdout).toMatch(
      /^plan: read 2 = ok 2 \+ refused 0 \+ skipped 0\n {2}target {3}remove from me\/main/,
    );
    expect(planned.stderr).toMatch(/^sluice: me\/main at \S+ \(server and key: the environment\)\nok {7}a\nok {7}b\n$/);
    expect(await ids()).toHaveLength(4);
    const cases: [string[], RegExp][] = [
      [["--yes"], /select inputs with --id.*or pass --all/],
      [["--all", "--before", "1d", "--yes"], /--all cannot be combined with --before/],
      [["--concept", "", "--yes"], /It must not be empty/],
      [["--concept", "--yes"], /It is an option, not an id/],
      [["--metadata", "split=", "--yes"], /Its value is empty/],
      [["--since", "", "--yes"], /It must be a date/],
      [["--before", "2024-02-30", "--yes"], /It must be a date/],
      [["--min-size", "", "--yes"], /It must be a size/],
      [["--with", "", "--yes"], /It must be one of annotations/],
      [["--status", "", "--yes"], /It must be processed, pending, failed, processing, or a status code/],
      [["--ids", "", "--yes"], /It must not be empty/],
      [["--ids", "/nowhere/ids", "--yes"], /--ids: \/nowhere\/ids cannot be read/],
      [["--befor", "1d", "--yes"], /unknown option '--befor'\n\(Did you mean --before\?\)/],
      [["--all"], /remove cannot ask without a terminal/],
    ];
    for (const [args, text] of cases) {
      const ran = await runHere("remove", ...args);
      expect([args, ran.code, ran.stdout]).toEqual([args, 2, ""]);
      expect(ran.stderr).toMatch(text);
    }
    expect(await ids()).toHaveLength(4);
    expect(await runHere("remove", "--all", "--yes", "--quiet")).toMatchObject({ code: 0, stdout: "" });
    await vi.waitFor(async () => expect(await ids()).toEqual([]));
  });

  it("compares metadata as JSON and as text, and finds concepts of annotations", async () => {
    const { app, ids } = await open();
    const box = { box: [0.1, 0.1, 0.5, 0.5] as never, concepts: [{ id: "crane", name: "Crane" }] };
    const more: InputDraft[] = [
      { id: "f", text: "number", metadata: { zip: 12 } },
      { id: "g", text: "text", metadata: { zip: "12" } },
      { id: "h", image: { bytes: await jpeg(64, 64) }, annotations: [box] },
    ];
    await flow(fromIterable(more)).pipe(batch(), upload(app)).run();
    expect(await ids("--metadata", "zip=12")).toEqual(["f", "g"]);
    expect(await ids("--metadata", 'zip="12"')).toEqual(["g"]);
    expect(await ids("--concept", "Crane")).toEqual(["h"]);
    expect(await ids("--without-concept", "crane", "--kind", "image")).toEqual(["c"]);
    expect(await ids("--with", "annotations", "--without", "concepts")).toEqual(["h"]);
    const twice = await runHere("list", "--metadata", "zip=12", "--metadata", "zip=13");
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining("two values of zip") as string });
  });
});

describe("the server's search", () => {
  const counted = (...args: string[]) => countedBy(false, ...args);
  const countedBy = async (isChange: boolean, ...args: string[]) => {
    const searches = vi.spyOn(App.prototype, "searchInputs");
    const listings = vi.spyOn(App.prototype, "streamInputs");
    try {
      const { code, stdout } = await runHere(
        ...(isChange ? ["label", "--add", "seen"] : ["download", "out"]),
        "--dry-run",
        ...args,
      );
      expect(code).toBe(0);
      const read = Number(/^plan: read (\d+)/.exec(stdout)?.[1]);
      return { read, searched: searches.mock.calls.length > 0, listed: listings.mock.calls.length > 0 };
    } finally {
      searches.mockRestore();
      listings.mockRestore();
    }
  };

  it("answers a selection only if it finds the same inputs as a listing", async () => {
    await open();
    const search = { searched: true, listed: false };
    const listing = { searched: false, listed: true };
    expect(await counted("--concept", "sea")).toEqual({ read: 2, ...search });
    expect(await counted("--metadata", "zip=007")).toEqual({ read: 1, ...search });
    expect(await counted("--kind", "text", "--without", "datasets")).toEqual({ read: 2, ...search });
    expect(await counted("--dataset", "d", "--concept", "sea")).toEqual({ read: 1, ...search });
    expect(await counted("--since", "1h")).toEqual({ read: 4, ...search });
    // A command that changes inputs lists them.
    expect(await countedBy(true, "--concept", "sea")).toEqual({ read: 2, ...listing });
    // The API has no such filters.
    expect(await counted("--before", "2999-01-01")).toEqual({ read: 4, ...listing });
    expect(await counted("--metadata", "n=1")).toEqual({ read: 1, ...listing });
    expect(await counted("--with", "geo")).toEqual({ read: 1, ...listing });
    // A search does not find inputs that are not indexed.
    vi.spyOn(App.prototype, "countInputs").mockResolvedValue({ processed: 3, toProcess: 0, errors: 0, processing: 1 });
    onTestFinished(() => void vi.restoreAllMocks());
    expect(await counted("--concept", "sea")).toEqual({ read: 2, ...listing });
    expect(await counted("--concept", "sea", "--status", "processed")).toEqual({ read: 2, ...search });
  });

  it("is replaced by a listing if it fails, and no input is read twice", async () => {
    const { app } = await open();
    onTestFinished(() => void vi.restoreAllMocks());
    const search = vi.spyOn(App.prototype, "searchInputs");
    search.mockImplementationOnce(async () => {
      throw new FlowError("43002", "searches are switched off");
    });
    const refused = await runHere("download", "out", "--dry-run", "--concept", "sea");
    expect(refused.stdout).toMatch(/^plan: read 2 = ok 2 /);
    expect(refused.stderr).toMatch(/the search cannot be used, so every input is listed .*switched off/);
    const [first] = await app.listInputs({ ids: ["a"] });
    search.mockReset();
    search.mockResolvedValueOnce([first as never]).mockRejectedValueOnce(new FlowError("43002", "broken"));
    const broken = await runHere("download", join(temporaryFolder(), "out"), "--verbose", "--concept", "sea");
    expect(broken.stdout).toMatch(/^read 2 = ok 2 /);
  });

  it("is not asked about a dataset that does not exist", async () => {
    await open();
    const ran = await runHere("remove", "--dataset", "nope", "--concept", "sea", "--yes");
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/11101|nope/) as string });
  });
});

describe("a list", () => {
  it("has headers, sizes and a total on request", async () => {
    await open();
    const table = await runHere("list", "--headers", "--kind", "text");
    expect(table.stdout.split("\n")[0]).toMatch(/^ID {46} {2}KIND {3}STATUS {8}ADDED +CONCEPTS$/);
    expect(table.stderr).toBe("3 inputs: text 3\n");
    const long = await runHere("ls", "-l", "--headers");
    expect(long.stdout.split("\n")[0]).toMatch(/^ID +KIND +STATUS +SIZE +ADDED +CONCEPTS +FILE$/);
    expect(long.stdout).toMatch(/^c +image +processed +\d\.\d kB +\S+ +quay\.jpg$/m);
    expect(long.stderr).toMatch(/^4 inputs: text 3, image 1, \d\.\d kB\n$/);
    expect((await runHere("list")).stdout).not.toContain("KIND"); // stdout is no terminal
  });

  it("prints counts, ids, and the fields of a record", async () => {
    await open();
    expect((await runHere("list", "--count")).stdout).toBe("4 inputs: text 3, image 1\n");
    const chosen = await runHere("list", "--json", "id,kind,datasets,filename,sizeBytes,geo", "--id", "c", "--id", "a");
    expect(
      chosen.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as object),
    ).toEqual([
      { id: "c", kind: "image", datasets: [], filename: "quay.jpg", sizeBytes: photo.length, geo: null },
      { id: "a", kind: "text", datasets: ["d"], filename: null, sizeBytes: 8, geo: null },
    ]);
    const whole = await runHere("list", "--json", "--id", "a");
    expect(JSON.parse(whole.stdout)).toMatchObject({ id: "a", datasets: ["d"], concepts: [{ id: "sea" }] });
    const wrong = await runHere("list", "--json", "id,colour");
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/"colour" is not a field\. The fields are id, image/) as string,
    });
  });
});

describe("the values of filters", () => {
  it("are dates, ages and sizes", () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 30), toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    expect(moment("2026-01-31").toISOString()).toBe("2026-01-31T00:00:00.000Z");
    expect(moment("2024-02-29 12:30").toISOString()).toBe("2024-02-29T12:30:00.000Z");
    expect(moment("2026-01-31T10:00:00+02:00").toISOString()).toBe("2026-01-31T08:00:00.000Z");
    expect(moment("30d").toISOString()).toBe("2026-10-31T00:00:00.000Z");
    expect(moment("1.5h").toISOString()).toBe("2026-11-29T22:30:00.000Z");
    for (const wrong of ["yesterday", "2026-13-01", "2025-02-29", "30", "2026", "-3d", "2026-01-31T25:00"])
      expect(() => moment(wrong)).toThrow(/It must be a date/);
    expect(["1500", "1.5k", "20MB", "4MiB", "1 GB"].map(byteCount)).toEqual([1500, 1500, 20_000_000, 4_194_304, 1e9]);
    for (const wrong of ["big", "-1", "5 apples", "1.5.2k"])
      expect(() => byteCount(wrong)).toThrow(/It must be a size/);
  });
});

describe("sluice download --rendition", () => {
  it("downloads smaller images, and fails inputs that have none", async () => {
    await open();
    const out = join(temporaryFolder(), "out");
    const ran = await runHere("download", out, "--kind", "image", "--rendition", "tiny", "--json");
    expect(JSON.parse(ran.stdout)).toMatchObject({ counts: { read: 1, ok: 1 }, exitCode: 0 });
    const manifest = readFileSync(join(out, "manifest.jsonl"), "utf8");
    expect(JSON.parse(manifest)).toMatchObject({ id: "c", rendition: "tiny" });
    const wrong = await runHere("download", `${out}-2`, "--kind", "image", "--rendition", "huge", "--json");
    expect(wrong.code).toBe(1);
    expect(JSON.parse(wrong.stdout)).toMatchObject({ counts: { failed: 1 }, failures: [{ code: "ERR_RENDITION" }] });
  });
});
