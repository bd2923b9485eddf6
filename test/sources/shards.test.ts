/** All shards of a source together are the source, and no two of them share an item. */

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { from } from "rxjs";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { joinSources } from "../../src/cli/reading/named-files.js";
import { textLines } from "../../src/cli/reading/text-lines.js";
import {
  type App,
  archive,
  batch,
  coco,
  csv,
  cvat,
  deadLetters,
  defineSource,
  documents,
  download,
  flow,
  folder,
  fromIterable,
  fromObservable,
  type InputDraft,
  imageFolder,
  jsonl,
  labelMe,
  labelStudio,
  listAnnotations,
  listInputs,
  parquet,
  type Report,
  remove,
  type Source,
  s3,
  searchInputs,
  upload,
  urls,
  voc,
  webDataset,
  writeCoco,
  writeVoc,
  writeYolo,
  yolo,
} from "../../src/index.js";
import { isLong } from "../helpers/long.js";
import { openS3, s3Keys } from "../helpers/s3-server.js";
import { openStore, temporaryFolder } from "../helpers/store.js";
import { zipWith } from "../helpers/zips.js";

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Files of every outcome: inputs, skipped ones, failing ones, two with the same bytes and two with the same name. */
function files(): Record<string, string | Buffer> {
  const found: Record<string, string | Buffer> = { ".hidden.png": png, "broken.jpg": "no image", "empty.png": "" };
  for (let n = 0; n < 40; n += 1) found[`${n % 3}/photo ${n}.png`] = Buffer.concat([png, Buffer.from(`${n % 38}`)]);
  for (let n = 0; n < 6; n += 1) found[`${n}/data.json`] = `{"n":${n}}`;
  return { ...found, "a/note.txt": "calm", "b/note.txt": "sea", "Ångström.txt": "light" };
}

function folderOfFiles(): string {
  const root = join(temporaryFolder(), "photos");
  for (const [name, content] of Object.entries(files())) {
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

function fileWith(name: string, text: string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

const rows = Array.from({ length: 50 }, (_, n) => ({ id: `row-${n}`, text: `text ${n % 45}` }));
const rowsCsv = (header: string, line: (row: (typeof rows)[number]) => string) =>
  fileWith("rows.csv", `${header}\n${rows.map(line).join("\n")}\n`);
const lines = [
  ...rows.map((row) => JSON.stringify(row)),
  "{broken",
  '{"id":7}',
  '{"text":"no id"}',
  '{"text":"no id"}',
];
const list = Array.from({ length: 50 }, (_, n) => `https://example.com/${n % 47}.jpg?X-Amz-Signature=${n}`);

async function manyInputs(): Promise<App> {
  const { app } = await openStore();
  const inputs = Array.from(
    { length: 60 },
    (_, n): InputDraft => ({
      id: `i-${n}`,
      text: `text ${n}`,
      metadata: { even: n % 2 === 0 },
      annotations: n % 4 === 0 ? [{ concepts: ["calm"], span: { start: 0, end: 4 } }] : [],
    }),
  );
  await flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
  return app;
}

/** Writes a folder of images, of which one is broken, with what a format has beside them. */
function images(extra: (name: string, n: number) => Record<string, string> = () => ({})): string {
  const root = join(temporaryFolder(), "dataset");
  for (let n = 0; n < 14; n += 1) {
    const name = `cat/photo-${n}.png`;
    const others = Object.entries(extra(name, n)).map(([file, text]): [string, string] => [`${root}/${file}`, text]);
    mkdirSync(`${root}/cat`, { recursive: true });
    writeFileSync(`${root}/${name}`, n === 5 ? "no image" : Buffer.concat([png, Buffer.from(`${n}`)]));
    for (const [file, text] of others) writeFileSync(file, text);
  }
  return root;
}

async function written(write: (path: string) => Parameters<ReturnType<typeof flow>["pipe"]>[0]): Promise<string> {
  const path = join(temporaryFolder(), "written");
  const box = [{ concepts: [{ id: "cat" }], box: [0, 0, 1, 1] as [number, number, number, number] }];
  const root = images();
  const drafts = Array.from(
    { length: 14 },
    (_, n): InputDraft => ({
      id: `i-${n}`,
      image: { path: `${root}/cat/photo-${n}.png` },
      annotations: box,
    }),
  );
  await flow(fromIterable(drafts)).pipe(write(path)).run();
  return path;
}

const bucket = async (objects: Record<string, Buffer | string>) => {
  const { url } = await openS3(
    Object.fromEntries(Object.entries(objects).map(([name, bytes]) => [`b/${name}`, bytes])),
  );
  return { endpoint: url, credentials: s3Keys };
};

const parquetSample = (name: string) => join(import.meta.dirname, `../cases/files/parquet/${name}.parquet`);

/** Sources of datasets and documents, which open a file for each item. */
const filed: Record<string, () => Promise<Source> | Source> = {
  documents: () => {
    const root = folderOfFiles();
    for (let n = 0; n < 14; n += 1) writeFileSync(join(root, `page ${n}.html`), `# ${n}`);
    return documents(root, { exclude: ["*.html", "*.json"] });
  },
  imageFolder: () => imageFolder(images()),
  coco: async () => coco(await written((path) => writeCoco(path))),
  yolo: async () => yolo(await written((path) => writeYolo(path, { classes: ["cat"] }))),
  voc: async () => voc(await written((path) => writeVoc(path))),
  labelMe: () =>
    labelMe(
      images((name) => ({
        [name.replace(".png", ".json")]: JSON.stringify({
          ...{ imagePath: name.slice(4), imageWidth: 1, imageHeight: 1 },
          shapes: [{ label: "cat", shape_type: "point", points: [[0.5, 0.5]] }],
        }),
      })),
    ),
  labelStudio: () => {
    const root = images();
    const tasks = Array.from({ length: 14 }, (_, n) => ({
      id: n,
      data: { image: `cat/photo-${n}.png` },
      annotations: [],
    }));
    writeFileSync(`${root}/tasks.json`, JSON.stringify(tasks));
    return labelStudio(`${root}/tasks.json`);
  },
  cvat: () => {
    const root = images();
    const found = Array.from(
      { length: 14 },
      (_, n) => `<image id="${n}" name="cat/photo-${n}.png" width="1" height="1"/>`,
    );
    writeFileSync(`${root}/annotations.xml`, `<annotations><version>1.1</version>${found.join("")}</annotations>`);
    return cvat(root);
  },
};

const failed = async () => {
  const path = join(temporaryFolder(), "failed.jsonl");
  const inputs = rows.map((row) => ({ ...row, id: `${row.id}!`.repeat(20) })); // too long for an id
  await flow([fromIterable(inputs), csv(rowsCsv("inputid,geopoints", ({ id }) => `${id},9`))])
    .pipe(batch(), upload((await openStore()).app))
    .run({ deadLetters: path });
  return path;
};

/** Makes a source of each kind. */
const kinds: Record<string, () => Promise<Source> | Source> = {
  ...filed,
  parquet: () => parquet(parquetSample("hugging-face")),
  "parquet, groups of rows": () => parquet(parquetSample("indexed")),
  "parquet, ids by a column": () => parquet(parquetSample("hugging-face"), { ids: "caption" }),
  s3: async () => s3("s3://b/", await bucket(files())),
  "webDataset in a bucket": async () => {
    const path = await zipWith(temporaryFolder(), files());
    return webDataset("s3://b/a.zip", { s3: await bucket({ "a.zip": readFileSync(path) }) });
  },
  "archive in a bucket": async () => {
    const path = await zipWith(temporaryFolder(), files());
    return archive("s3://b/a.zip", { s3: await bucket({ "a.zip": readFileSync(path) }) });
  },
  folder: () => folder(folderOfFiles()),
  "folder, ids by path": () => folder(folderOfFiles(), { ids: "path", hidden: true }),
  "folder, ids by content": () => folder(folderOfFiles(), { ids: "content" }),
  "folder, ids by a function": () => folder(folderOfFiles(), { ids: async (path) => path.replace(/\W/g, "-") }),
  "folder, ids by a function that throws": () =>
    folder(folderOfFiles(), {
      ids: (path) => {
        if (/[1-4]\.png$/.test(path)) throw new Error("no id");
        return path.replace(/\W/g, "-");
      },
    }),
  "single files": () => {
    const root = folderOfFiles();
    return joinSources(Object.keys(files()).map((name) => folder(join(root, name))));
  },
  archive: async () => archive(await zipWith(temporaryFolder(), files())),
  "csv, ids by content": () => csv(rowsCsv("text", ({ text }) => `"${text}"`)),
  "csv, own ids": () =>
    csv(rowsCsv("inputid,input,geopoints", ({ id, text }) => `${id},${text},${id === "row-9" ? "9" : ""}`)),
  "csv, ids by a column": () =>
    csv(
      rowsCsv("inputid,input", ({ id, text }) => `${id},${text}`),
      { ids: "input" },
    ),
  "csv with files": () => {
    const root = folderOfFiles();
    const names = [...Object.keys(files()), "missing.png"].map((name) => `"${name}"`);
    writeFileSync(join(root, "rows.csv"), `input\n${names.join("\n")}\n`);
    return csv(join(root, "rows.csv"), { input: "file" });
  },
  "csv with a function": () =>
    csv(
      rowsCsv("name,body", ({ id, text }) => `${id},${text}`),
      {
        map: async ({ name, body }) => (name?.endsWith("1") ? null : { id: name, text: body }),
      },
    ),
  jsonl: () => jsonl(fileWith("rows.jsonl", lines.join("\n"))),
  "jsonl, ids of the metadata": () =>
    jsonl(
      fileWith("rows.jsonl", rows.map(({ id }) => JSON.stringify({ text: id, metadata: { name: id } })).join("\n")),
      {
        ids: "name",
      },
    ),
  texts: () => textLines(fileWith("texts.txt", rows.map(({ text }) => text).join("\n"))),
  urls: () => urls([...list, "not a URL", "https://example.com/x"]),
  "urls, ids by a function": () => urls(list, { ids: (url) => url.replace(/\W/g, "-").slice(-30) }),
  "urls that are fetched": () =>
    urls(["http://127.0.0.1:1/a.jpg", "http://127.0.0.1:1/b.jpg", "nothing"], { fetch: true }),
  fromIterable: () => fromIterable([...rows, { text: "a" }, { text: "a" }, null as never, { id: 3 } as never]),
  "fromIterable with files": () => {
    const root = folderOfFiles();
    return fromIterable(Object.keys(files()).map((name) => ({ image: { path: join(root, name) } })));
  },
  fromObservable: () => fromObservable(from(rows)),
  deadLetters: async () => deadLetters(await failed()),
  listInputs: async () => listInputs(await manyInputs()),
  "listInputs by ids": async () => listInputs(await manyInputs(), { ids: ["i-1", "i-2", "none-1", "none-2", "i-3"] }),
  "listInputs with filters": async () =>
    listInputs(await manyInputs(), { metadata: { even: true }, has: ["annotations"], perPage: 7 }),
  searchInputs: async () => searchInputs(await manyInputs(), { metadata: { even: true } }),
  "searchInputs by a text": async () => searchInputs(await manyInputs(), { text: "text 1", topK: 20 }),
  listAnnotations: async () => listAnnotations(await manyInputs()),
  "a source of one's own": () => ({
    name: "own",
    *read() {
      for (let n = 0; n < 30; n += 1) yield { origin: `own:${n}`, input: { text: `${n}` } };
      yield { nonsense: true } as never;
    },
  }),
};

const counts = isLong ? Array.from({ length: 16 }, (_, n) => n + 1) : [4];

/** Runs a source and returns a line for each item: its outcome, its id and its origin. */
async function outcomesOf(source: Source): Promise<{ outcomes: string[]; report: Report }> {
  const outcomes: string[] = [];
  const report = await flow(source).run({
    onOutcome: ({ origin, id, outcome }) => {
      const reason = outcome.state === "failed" ? outcome.code : outcome.state === "skipped" ? outcome.reason : "";
      outcomes.push(`${outcome.state} ${id ?? "-"} ${origin} ${reason}`);
    },
  });
  return { outcomes, report };
}

describe.each(Object.entries(kinds))("%s", (_, create) => {
  it("is the sum of its shards", async () => {
    const source = await create();
    const whole = await outcomesOf(source);
    expect(whole.outcomes.length).toBeGreaterThan(2);
    for (const count of counts) {
      const all: string[] = [];
      for (let index = 1; index <= count; index += 1) {
        const { outcomes, report } = await outcomesOf({ ...source, shard: `${index}/${count}` });
        const { read, ok, failed, skipped } = report.counts;
        expect(read).toBe(ok + failed + skipped);
        expect(report.shard).toMatchObject({ index, count });
        all.push(...outcomes);
      }
      expect(all.sort()).toEqual([...whole.outcomes].sort());
    }
  });
});

it("opens only the files of its shard", async () => {
  const root = folderOfFiles();
  const whole = await outcomesOf(folder(root));
  const share = await outcomesOf(folder(root, { shard: "2/3" }));
  const others = whole.outcomes.filter((line) => !share.outcomes.includes(line));
  expect(share.report.shard?.others).toBe(others.length);
  for (const line of others) writeFileSync(/^ok \S+ (.*) $/.exec(line)?.[1] ?? join(root, "broken.jpg"), "no image");
  const again = await outcomesOf(folder(root, { shard: "2/3" }));
  expect(again.outcomes).toEqual(share.outcomes);
});

it.each(Object.entries(filed))("%s opens only the files of its shard", async (_, create) => {
  const source = await create();
  const whole = await outcomesOf(source);
  const share = await outcomesOf({ ...source, shard: "2/3" });
  const others = whole.outcomes.filter((line) => !share.outcomes.includes(line));
  expect(share.outcomes.length).toBeGreaterThan(0);
  expect(others.length).toBeGreaterThan(0);
  for (const line of others) {
    const path = /^ok \S+ (.*) $/.exec(line)?.[1];
    if (path !== undefined) writeFileSync(path, "");
  }
  const again = await outcomesOf({ ...source, shard: "2/3" });
  expect(again.outcomes).toEqual(share.outcomes);
});

it("gives a file to the same shard, however its path is typed", async () => {
  const root = folderOfFiles();
  const link = join(temporaryFolder(), "link");
  symlinkSync(root, link);
  const namesOf = async (path: string) => {
    const { outcomes } = await outcomesOf(folder(path, { shard: "3/5" }));
    return outcomes.map((line) => line.replaceAll(path, "")).sort();
  };
  expect(await namesOf(link)).toEqual(await namesOf(root));
  expect(await namesOf(`${root}/../photos`)).toEqual(await namesOf(root));
});

it("sends two inputs of one id to one shard, so that the second fails", async () => {
  const { app } = await openStore();
  const twice = [...rows, { id: "row-3", text: "another" }];
  const reports = await Promise.all(
    [1, 2, 3, 4].map((n) =>
      flow(fromIterable(twice, { shard: `${n}/4` }))
        .pipe(batch(), upload(app))
        .run(),
    ),
  );
  const failures = reports.flatMap(({ failures }) => failures);
  expect(failures).toMatchObject([{ id: "row-3", code: "ERR_ID_IN_RUN" }]);
  expect(reports.reduce((sum, { counts }) => sum + counts.ok, 0)).toBe(50);
});

it("removes exactly its share, while the others remove theirs", async () => {
  const app = await manyInputs();
  const share = listInputs(app, { shard: "1/3" });
  const own = (await flow(share).toArray()).map(({ id }) => id);
  const first = await flow(share).pipe(batch(), remove(app)).run();
  expect(first.counts).toMatchObject({ read: own.length, ok: own.length });
  const left = (await flow(listInputs(app)).toArray()).map(({ id }) => id);
  expect(left.some((id) => own.includes(id))).toBe(false);
  expect(left.length + own.length).toBe(60);
  const others = [2, 3].map((n) =>
    flow(listInputs(app, { shard: `${n}/3` }))
      .pipe(batch(), remove(app))
      .run(),
  );
  for (const { counts } of await Promise.all(others)) expect(counts.failed).toBe(0);
  expect(await flow(listInputs(app)).toArray()).toEqual([]);
});

it("downloads each input in one shard", async () => {
  const app = await manyInputs();
  const reports = [];
  for (const n of [1, 2, 3]) {
    reports.push(
      await flow(listInputs(app, { shard: `${n}/3` }))
        .pipe(download(temporaryFolder()))
        .run(),
    );
  }
  expect(reports.reduce((sum, { counts }) => sum + counts.ok, 0)).toBe(60);
});

describe("the option shard", () => {
  it("is refused if it is undefined, or differs between the sources of a flow", () => {
    expect(() => folder("a", { shard: undefined })).toThrow(
      "folder: shard is undefined, which would select everything",
    );
    expect(() => flow([folder("a", { shard: "1/2" }), folder("b")])).toThrow(
      "flow: folder has the shard 1/2 and folder has no shard, but the sources of a flow have the same shard",
    );
    expect(() => deadLetters("a.jsonl", { shard: "3/2" })).toThrow('deadLetters: shard "3/2"');
  });

  it("is refused by a source whose readers share its inputs", () => {
    const queue = defineSource({ name: "queue", acknowledges: true, read: () => [] });
    expect(() => queue({ shard: "1/2" })).toThrow(
      "queue: shard cannot be set, because the readers of this source share",
    );
  });

  it("is left to a source whose schema has an option of this name", async () => {
    const dealer = defineSource({
      name: "dealer",
      options: z.strictObject({ shard: z.number() }),
      *read({ shard }) {
        yield { origin: "dealer", input: { id: `dealt-${shard}`, text: "calm" } };
      },
    });
    expect((await flow(dealer({ shard: 7 })).toArray()).map(({ id }) => id)).toEqual(["dealt-7"]);
  });

  it("estimates the total of the progress, which is exact at the end", async () => {
    const totals: (number | undefined)[] = [];
    const { counts } = await flow(fromIterable(rows, { shard: "1/4" })).run({
      onProgress: ({ total }) => totals.push(total),
    });
    expect(totals.at(-1)).toBe(counts.read);
  });

  it("works in a plan, a preview, an iteration and an array", async () => {
    const share = fromIterable(rows, { shard: "2/4" });
    const own = (await flow(share).toArray()).map(({ id }) => id);
    const seen: string[] = [];
    for await (const { id } of flow(share)) seen.push(id);
    const plan = await flow(share).plan();
    const preview = await flow(share).preview(100);
    expect(seen).toEqual(own);
    expect(preview.inputs.map(({ id }) => id)).toEqual(own);
    expect(plan.counts.ok).toBe(own.length);
    expect(plan.summary()).toContain(
      `  shard    2 of 4; ${50 - own.length} items of the sources belong to other shards`,
    );
  });
});
