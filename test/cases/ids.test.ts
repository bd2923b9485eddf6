/** Ids: the same input has one id, and two inputs never share one. */

import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { from } from "rxjs";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type App,
  batch,
  csv,
  deadLetters,
  flow,
  folder,
  fromIterable,
  fromObservable,
  type InputDraft,
  idFromPath,
  jsonl,
  listInputs,
  remove,
  type Source,
  transform,
  type UploadOptions,
  upload,
} from "../../src/index.js";
import { startCommand } from "../helpers/command.js";
import { jpeg } from "../helpers/files.js";
import { draftsOf, itemsOf } from "../helpers/sources.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

/** Writes files into a folder, and returns the folder. */
function filesIn(files: Record<string, string | Uint8Array>, root = temporaryFolder()): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

/** Changes the working directory until the test is over. */
function goTo(path: string): void {
  const before = process.cwd();
  process.chdir(path);
  onTestFinished(() => process.chdir(before));
}

const idsOf = async (source: Source) => (await flow(source).toArray()).map((input) => input.id);
const run = (app: App, source: Source | readonly Source[], options?: UploadOptions) =>
  flow(source).pipe(batch(), upload(app, options)).run();
const stored = async (app: App) =>
  Object.fromEntries(
    (await flow(listInputs(app)).toArray()).map((input) => [input.id, input.text ?? input.metadata.filename]),
  );

describe("ids of files", () => {
  it("differ for files with the same name in two folders of a camera", async () => {
    const root = filesIn({ "100CANON/IMG_0001.txt": "first", "101CANON/IMG_0001.txt": "second" });
    const [first] = await idsOf(folder(join(root, "100CANON")));
    const [second] = await idsOf(folder(join(root, "101CANON")));
    expect(first).toMatch(/^100CANON-IMG_0001-txt-[0-9a-f]{12}$/);
    expect(second).toMatch(/^101CANON-IMG_0001-txt-[0-9a-f]{12}$/);
  });

  it("do not depend on how the folder's path is written, also from within it and through links", async () => {
    const root = filesIn({ "photos/sub/a.txt": "calm sea" });
    symlinkSync(join(root, "photos"), join(root, "link"));
    const expected = [idFromPath("photos/sub/a.txt")];
    goTo(root);
    for (const path of [
      "photos",
      "./photos",
      "photos/",
      "photos//",
      "./photos/../photos",
      join(root, "photos"),
      "link",
    ])
      expect([path, await idsOf(folder(path))]).toEqual([path, expected]);
    process.chdir(join(root, "link"));
    for (const path of [".", "./", "../photos"]) expect([path, await idsOf(folder(path))]).toEqual([path, expected]);
  });

  it("are those of version 0.1 with ids: path", async () => {
    const root = filesIn({ "photos/sub/a b.txt": "a", "photos/c.txt": "c" });
    const ids = await idsOf(folder(join(root, "photos"), { ids: "path" }));
    expect(ids.sort()).toEqual(["c-txt-4fe006196474", "sub-a-b-txt-a3fe1093428b"]);
  });

  it("are the same when a folder is watched", async () => {
    const root = filesIn({ "photos/a.txt": "a" });
    const abort = new AbortController();
    const watched: string[] = [];
    await flow(folder(join(root, "photos"), { watch: { everyMs: 5, quietMs: 0 } }))
      .pipe(
        transform((input) => {
          watched.push(input.id);
          abort.abort();
          return input;
        }),
      )
      .run({ signal: abort.signal });
    expect(watched).toEqual(await idsOf(folder(join(root, "photos"))));
  });
});

describe("ids of rows", () => {
  const table = "input,concepts\nFresh fish,positive\nLate ferry,negative\nFresh fish,positive\n";

  it("do not depend on the table's name or on how its path is written", async () => {
    const root = filesIn({ "a.csv": table, "copy/b.csv": table });
    goTo(root);
    const ids = await idsOf(csv("a.csv"));
    expect(new Set(ids).size).toBe(3);
    for (const path of ["./a.csv", join(root, "a.csv"), "copy/../a.csv", "copy/b.csv"])
      expect([path, await idsOf(csv(path))]).toEqual([path, ids]);
  });

  it("do not change when rows are added above, moved, quoted or end in another line break", async () => {
    const before = await idsOf(csv(join(filesIn({ "a.csv": table }), "a.csv")));
    const changed =
      '\uFEFFinput,concepts\r\nNew boat,neutral\r\nLate ferry,negative\r\n"Fresh fish",positive\r\nFresh fish,"positive"\r\n';
    const after = await idsOf(csv(join(filesIn({ "a.csv": changed }), "a.csv")));
    expect(after.slice(1).sort()).toEqual([...before].sort());
  });

  it("may come from a column with no other meaning, also without map", async () => {
    const path = join(filesIn({ "a.csv": "sku,input\n17,boat\n18,net\n" }), "a.csv");
    expect(await draftsOf(csv(path, { ids: "sku" }))).toMatchObject([
      { id: "17", text: "boat" },
      { id: "18", text: "net" },
    ]);
  });

  it("are the values of the key columns that the option names", async () => {
    const path = join(filesIn({ "a.csv": "sku,shop,name\n17,north,boat\nB 4,south,net\n,west,none\n" }), "a.csv");
    const map = ({ name = "" }: Record<string, string>): InputDraft => ({ text: name });
    const one = await itemsOf(csv(path, { map, ids: "sku" }));
    expect(
      one.map((item) => ("input" in item ? item.input.id : (item as { error?: { code?: string } }).error?.code)),
    ).toEqual(["17", idFromPath("B 4"), "ERR_ID_EMPTY"]);
    const two = (await draftsOf(csv(path, { map, ids: ["shop", "name"] }))).map((draft) => draft.id);
    expect(new Set(two).size).toBe(3);
    expect(two[0]).toMatch(/^north-boat-[0-9a-f]{12}$/);
    const made = await draftsOf(csv(path, { map, ids: (row, { line }) => `${row.shop}-${line}` }));
    expect(made.map((draft) => draft.id)).toEqual(["north-2", "south-3", "west-4"]);
    await expect(idsOf(csv(path, { map, ids: "SKU" }))).rejects.toMatchObject({ code: "ERR_CSV_COLUMNS" });
  });

  it("of files differ when the same table lies in two folders", async () => {
    const files = {
      "a/list.csv": "input\nx.txt\n",
      "a/x.txt": "one",
      "b/list.csv": "input\nx.txt\n",
      "b/x.txt": "two",
    };
    const root = filesIn(files);
    const [first] = await idsOf(csv(join(root, "a/list.csv"), { input: "file" }));
    const [second] = await idsOf(csv(join(root, "b/list.csv"), { input: "file" }));
    expect(first).not.toBe(second);
  });

  it("of URLs do not change when a URL is signed again", async () => {
    const row = (night: string) =>
      `input\nhttps://a.test/1.jpg?X-Amz-Credential=AKIA&X-Amz-Date=1&X-Amz-Signature=${night}\n`;
    const root = filesIn({ "1.csv": row("one"), "2.csv": row("two") });
    const ids = await Promise.all(["1.csv", "2.csv"].map((name) => idsOf(csv(join(root, name), { input: "url" }))));
    expect(ids[0]).toEqual(ids[1]);
  });

  it("of JSON lines and iterables are a hash of the content, and number equal entries", async () => {
    const drafts: InputDraft[] = [
      { text: "a", metadata: { sku: 7 } },
      { text: "b", metadata: { sku: "x/y" } },
      { text: "a", metadata: { sku: 7 } },
    ];
    const ids = await idsOf(fromIterable(drafts));
    expect(new Set(ids).size).toBe(3);
    expect(await idsOf(fromObservable(from(drafts)))).toEqual(ids);
    expect((await idsOf(fromIterable([{ text: "new" }, ...drafts]))).slice(1)).toEqual(ids);
    const lines = (text: string) => join(filesIn({ "a.jsonl": text }), "a.jsonl");
    const text = drafts.map((draft) => JSON.stringify(draft)).join("\n");
    expect(await idsOf(jsonl(lines(text)))).toEqual(ids);
    expect(await idsOf(jsonl(lines(text.replaceAll(":", ": ").replaceAll("\n", "\r\n"))))).toEqual(ids);
    expect(await idsOf(jsonl(lines(text), { ids: "sku" }))).toEqual(["7", idFromPath("x/y"), "7"]);
    expect(await idsOf(fromIterable(drafts, { ids: (_, { line }) => `n-${line}` }))).toEqual(["n-1", "n-2", "n-3"]);
  });

  it("of bytes are a hash of the bytes", async () => {
    const [one, two] = [await jpeg(4, 4), await jpeg(5, 5)];
    const ids = await idsOf(fromIterable([one, two, one].map((bytes) => ({ image: { bytes } }))));
    expect(new Set(ids).size).toBe(3);
    expect(await idsOf(fromIterable([two, one].map((bytes) => ({ image: { bytes: new Uint8Array(bytes) } }))))).toEqual(
      [ids[1], ids[0]],
    );
  });
});

describe("two inputs with the same id in one run", () => {
  it.each(["skip", "replace", "suffix", "error"] as const)("fail the second input: conflict %s", async (conflict) => {
    const root = filesIn({ "a/DCIM/1.txt": "mine", "b/DCIM/1.txt": "yours" });
    const { app } = await openStore();
    const sources = [folder(join(root, "a/DCIM")), folder(join(root, "b/DCIM"))];
    const report = await run(app, sources, { conflict });
    expect(report.counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
    expect(report.failures[0]).toMatchObject({ code: "ERR_ID_IN_RUN", stage: "upload", retryable: false });
    for (const text of ["a/DCIM/1.txt", "b/DCIM/1.txt", "--ids"]) expect(report.failures[0]?.reason).toContain(text);
    expect(report.failures[0]?.reason).not.toContain("replace");
    expect(Object.values(await stored(app))).toHaveLength(1);
  });

  it("also fail in a plan", async () => {
    const { app } = await openStore();
    const inputs = [
      { id: "x", text: "1" },
      { id: "x", text: "2" },
    ];
    const plan = await flow(fromIterable(inputs)).pipe(batch(), upload(app)).plan();
    expect(plan.counts).toMatchObject({ refused: 1 });
  });

  it.each([
    ["a name in both forms of Unicode", ["caf\u00e9.txt", "cafe\u0301.txt"]],
    ["a backslash in a name and a folder", ["a\\b.txt", "a/b.txt"]],
  ])("fail for %s too", async (_, names) => {
    const root = filesIn(Object.fromEntries(names.map((name, at) => [name, `text ${at}`])));
    const { app } = await openStore();
    const report = await run(app, folder(root), { conflict: "replace" });
    expect(report.counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
    expect(report.failures[0]?.code).toBe("ERR_ID_IN_RUN");
  });

  it("fail when a transform makes two parts of one input with the same id", async () => {
    const { app } = await openStore();
    const split = transform((input) => [input, { ...input, text: "second part" }]);
    const report = await flow(fromIterable([{ id: "x", text: "first part" }]))
      .pipe(split, batch(), upload(app, { conflict: "replace" }))
      .run();
    expect(report.counts).toMatchObject({ read: 1, failed: 1 });
    expect(report.failures[0]).toMatchObject({
      code: "ERR_ID_IN_RUN",
      reason: expect.stringContaining("two parts") as string,
    });
    expect(await stored(app)).toEqual({ x: "first part" });
  });

  it("are a duplicate if the id is the content hash, and the reason names the first", async () => {
    const root = filesIn({ "a/1.txt": "same", "b/2.txt": "same" });
    const { app } = await openStore();
    const report = await run(app, [
      folder(join(root, "a"), { ids: "content" }),
      folder(join(root, "b"), { ids: "content" }),
    ]);
    expect(report.counts).toMatchObject({ ok: 1, skipped: 1, failed: 0 });
    expect(report.skipped[0]?.reason).toMatch(/^duplicate of .*(a\/1|b\/2)\.txt$/);
  });

  it("are skipped if both are the same file", async () => {
    const root = filesIn({ "a/1.txt": "same" });
    goTo(root);
    const { app } = await openStore();
    const report = await run(app, [folder("a"), folder("./a")]);
    expect(report.counts).toMatchObject({ ok: 1, skipped: 1, failed: 0 });
  });

  it("fail even if the user's source gives all rows one origin", async () => {
    const origin = join(filesIn({ "rows.parquet": "rows" }), "rows.parquet");
    const rows: Source = {
      name: "rows",
      *read() {
        for (const text of ["one", "two"]) yield { origin, input: { id: "x", text } };
      },
    };
    const { app } = await openStore();
    const report = await run(app, rows, { conflict: "replace" });
    expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(await stored(app)).toEqual({ x: "one" });
  });

  it("fail if a transform gives different contents one id, also with ids: content", async () => {
    const { app } = await openStore();
    const root = filesIn({ "1.txt": "one", "2.txt": "two" });
    const same = transform((input) => ({ ...input, id: "x" }));
    const report = await flow(folder(root, { ids: "content" }))
      .pipe(same, batch(), upload(app))
      .run();
    expect(report.failures).toMatchObject([{ code: "ERR_ID_IN_RUN" }]);
  });

  it("may be two versions of a watched file: conflict: replace replaces the first", async () => {
    const { app } = await openStore();
    const root = filesIn({ "a.txt": "one" });
    const abort = new AbortController();
    const changes = transform((input) => input);
    let seen = 0;
    const last = transform((input) => {
      seen += 1;
      if (seen === 1) writeFileSync(join(root, "a.txt"), "changed");
      else abort.abort();
      return input;
    });
    await flow(folder(root, { watch: { everyMs: 5, quietMs: 0 } }))
      .pipe(changes, batch({ maxWaitMs: 1 }), upload(app, { conflict: "replace" }), last)
      .run({ signal: abort.signal });
    expect(Object.values(await stored(app))).toEqual(["changed"]);
  });

  it("do not replace what an earlier run of the same journal uploaded", async () => {
    const root = filesIn({ "a/DCIM/1.txt": "mine", "b/DCIM/1.txt": "your" });
    const { app } = await openStore();
    const journal = join(temporaryFolder(), "journal");
    const sources = [folder(join(root, "a/DCIM")), folder(join(root, "b/DCIM"))];
    for (let times = 0; times < 3; times += 1) {
      const report = await flow(sources)
        .pipe(batch(), upload(app, { conflict: "replace" }))
        .run({ journal });
      expect(report.counts.failed).toBe(1);
      expect(Object.values(await stored(app))).toHaveLength(1);
    }
    expect(new Set(Object.values(await stored(app)))).toEqual(new Set(["mine"]));
  });

  it("do not fail if nothing is uploaded", async () => {
    const { app } = await openStore();
    await run(app, fromIterable([{ id: "x", text: "1" }]));
    const report = await flow(fromIterable([{ id: "x" }, { id: "x" }]))
      .pipe(remove(app))
      .run();
    expect(report.counts).toMatchObject({ read: 2, ok: 2 });
    await vi.waitFor(async () => expect(await stored(app)).toEqual({}), { timeout: 20_000 });
  });
});

describe("signatures of URLs", () => {
  const signed = "https://bucket.test/a.jpg?v=2&X-Amz-Credential=AKIA&X-Amz-Date=1&X-Amz-Signature=5ecret";

  it("are stored in a separate field of a private dead-letter file, and restored with the input", async () => {
    const { app } = await openStore();
    const letters = join(temporaryFolder(), "failed.jsonl");
    const refuse = transform(() => {
      throw new Error("not today");
    });
    const source = fromIterable([
      { id: "a", image: { url: signed } },
      { id: "b", textUrl: signed },
    ]);
    await flow(source).pipe(refuse, batch(), upload(app)).run({ deadLetters: letters });
    expect(statSync(letters).mode & 0o777).toBe(0o600);
    for (const line of readFileSync(letters, "utf8").trim().split("\n")) {
      const { secret, ...rest } = JSON.parse(line) as Record<string, unknown>;
      expect(JSON.stringify(rest)).not.toContain("5ecret");
      expect(JSON.stringify(secret)).toContain("5ecret");
    }
    expect(await draftsOf(deadLetters(letters))).toMatchObject([{ image: { url: signed } }, { textUrl: signed }]);
  });

  it("are not stored in a journal, which recognizes the input when it is signed again", async () => {
    const { app } = await openStore();
    const journal = join(temporaryFolder(), "journal");
    const counts = [];
    for (const signature of ["5ecret", "another"]) {
      const inputs = [{ id: "a", image: { url: signed.replace("5ecret", signature) } }];
      const report = await flow(fromIterable(inputs))
        .pipe(batch(), upload(app, { wait: false }))
        .run({ journal });
      counts.push([report.counts.ok, report.counts.skipped]);
    }
    expect(counts).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(readFileSync(journal, "utf8")).not.toContain("5ecret");
  });
});

describe("--ids on the command line", () => {
  const sluice = (cwd: string, ...args: string[]) => startCommand(args, { cwd }).ended;
  const idsIn = async (cwd: string) =>
    (await sluice(cwd, "list", "--json")).stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { id: string }).id)
      .sort();

  it("makes ids of columns, paths and bytes", { timeout: 60_000 }, async () => {
    const bytes = await jpeg(9, 9);
    const cwd = filesIn({
      "a.csv": "inputid,input\nsku-1,calm sea\n,rain\n",
      "photos/a.jpg": bytes,
      "one/b.jpg": bytes,
    });
    expect((await sluice(cwd, "upload", "a.csv", "--ids", "input")).code).toBe(0);
    expect((await sluice(cwd, "upload", "photos", "--ids", "path")).code).toBe(0);
    expect((await sluice(cwd, "upload", "photos/a.jpg")).code).toBe(0);
    const twice = await sluice(cwd, "upload", "photos", "one/b.jpg", "--ids", "content");
    // Files are hashed side by side: whichever ends second is the duplicate.
    expect(twice.stdout).toMatch(/^read 2 = ok 1 \+ failed 0 \+ skipped 1[\s\S]*duplicate of (photos\/a|one\/b)\.jpg/);
    const ids = await idsIn(cwd);
    expect(ids).toEqual(
      [
        idFromPath("calm sea"),
        "rain",
        idFromPath("a.jpg"),
        idFromPath("photos/a.jpg"),
        ids.find((id) => /^[0-9a-f]{48}$/.test(id)),
      ].sort(),
    );
  });

  it("is refused for a source without that rule", { timeout: 60_000 }, async () => {
    const cwd = filesIn({ "a.csv": "input\ncalm\n", "photos/a.jpg": await jpeg(9, 9) });
    for (const [source, rule, text] of [
      ["a.csv", "sku", 'names the column "sku"'],
      ["photos", "sku", "ids"],
      ["photos/a.jpg", "sku", 'expected "folder", "path", "content"'],
      ["https://a.test/x.jpg", "content", "--fetch"],
    ] as const) {
      const ended = await sluice(cwd, "upload", source, "--ids", rule);
      expect([source, ended.code]).toEqual([source, source === "a.csv" ? 1 : 2]); // 1: the table was opened
      expect(ended.stderr).toContain(text);
    }
  });
});
