import { mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ArchiveOptions, archive, batch, download, flow, folder, listInputs, upload } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { exampleBytes, fileWith, tempFolder } from "../helpers/files.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const temp = tempFolder();
const sample = (name: string) => join(import.meta.dirname, "../cases/files/archives", name);
const all = ["deflated.zip", "stored.zip", "gnu.tar", "pax.tar", "gnu.tar.gz"];
const longName = "n".repeat(120);

/** The files of the samples, unpacked. In a tar, the text stands under one of its two names, and the other name is a link to it. */
function unpacked(noteName = "notes.txt"): string {
  const root = join(temporaryFolder(), "sample");
  const files = {
    "sea/quay.jpg": exampleBytes("harbour/quay.jpg"),
    [`sea/${noteName}`]: "calm sea\n",
    "sea/nothing.txt": "",
    "sea/deep/numbers.txt": Array.from({ length: 3000 }, (_, index) => `${index + 1}\n`).join(""),
    [`sea/${longName}/${longName}.txt`]: "long\n",
  };
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), bytes);
  }
  return root;
}

const plan = async (path: string, options?: ArchiveOptions) => {
  const report = await flow(archive(path, options)).run();
  return { report, failed: report.failures.map(({ origin }) => origin.slice(path.length + 1)) };
};

for (const name of ["deflated.zip", "gnu.tar", "gnu.tar.gz"]) {
  testSource(`archive (${name})`, async () => {
    const inputs = await flow(
      archive(sample(name), { include: ["**/*.jpg", "**/hard.txt", "**/numbers.txt"] }),
    ).toArray();
    return {
      source: archive(sample(name), { include: ["**/*.jpg", "**/hard.txt", "**/numbers.txt"] }),
      ids: inputs.map(({ id }) => id),
    };
  });
}

describe("archive", () => {
  it.each(all)("%s yields what a folder with the same files yields", async (name) => {
    const root = unpacked(name.includes("tar") ? "hard.txt" : "notes.txt");
    const options = { labels: "folder", ids: "path", exclude: "sea/nothing.txt" } as const;
    const [packed, plain] = [
      await flow(archive(sample(name), options)).toArray(),
      await flow(folder(root, options)).toArray(),
    ];
    const facts = ({ id, text, concepts, metadata, image }: (typeof plain)[number]) => ({
      ...{ id, text, concepts, metadata, mimeType: image?.mimeType, width: image?.width, height: image?.height },
    });
    const byId = (inputs: typeof plain) => new Map(inputs.map((input) => [input.id, facts(input)]));
    for (const [id, input] of byId(plain)) expect(byId(packed).get(id), `${name}: ${id}`).toEqual(input);
    const { report, failed } = await plan(sample(name));
    expect(failed).toEqual(["sea/nothing.txt"]);
    expect(report.failures[0]?.code).toBe("ERR_FILE_EMPTY");
    expect(report.skipped.map(({ reason }) => reason)).toContain("symbolic link");
  });

  it("makes ids of the name of the archive and the path in it", async () => {
    const [input] = await flow(archive(sample("stored.zip"), { include: "**/*.jpg" })).toArray();
    expect(input?.id).toMatch(/^stored-zip-sea-quay-jpg-\w+$/);
    const same = await flow(archive(sample("gnu.tar"), { include: "**/*.jpg", ids: "content" })).toArray();
    const other = await flow(folder(unpacked(), { include: "**/*.jpg", ids: "content" })).toArray();
    expect(same.map(({ id }) => id)).toEqual(other.map(({ id }) => id));
  });

  it("filters by kind, include and exclude, and skips system files", async () => {
    const ids = async (options: ArchiveOptions) =>
      (await flow(archive(sample("gnu.tar"), { ids: "path", ...options })).toArray()).length;
    expect(await ids({ kinds: ["image"], exclude: "**/nothing.txt" })).toBe(1);
    expect(await ids({ include: "**/*.txt", exclude: ["sea/deep", "**/nothing.txt"] })).toBe(2);
  });

  it("reports hostile, encrypted and otherwise compressed entries, and goes on", async () => {
    const { report, failed } = await plan(sample("hostile.zip"));
    expect(report.counts).toMatchObject({ ok: 2, failed: 4 });
    expect(failed).toEqual(["../up.txt", "/abs.txt", "C:/w.txt", "a/../../b.txt"]);
    expect((await plan(sample("encrypted.zip"))).report.failures).toMatchObject([{ code: "ERR_ARCHIVE_ENCRYPTED" }]);
    expect((await plan(sample("bzip2.zip"))).report.failures).toMatchObject([{ code: "ERR_ARCHIVE_METHOD" }]);
    expect((await plan(sample("bomb.zip"))).report.failures).toMatchObject([{ code: "ERR_ARCHIVE_DAMAGED" }]);
  });

  it("counts the rest of a damaged archive as one failed input, after those before it", async () => {
    const path = fileWith(temp, "cut.tar", readFileSync(sample("gnu.tar")).subarray(0, 26_000));
    const { report, failed } = await plan(path);
    expect(report.ok).toBe(false);
    expect(failed).toContain("");
    expect(report.failures.at(-1)).toMatchObject({ code: "ERR_ARCHIVE_DAMAGED", origin: path });
    expect(report.counts.ok).toBeGreaterThan(0);
  });

  it.each([
    ["does not exist", () => join(temp, "nowhere.zip"), /cannot be read: ENOENT/],
    ["is none", () => fileWith(temp, "text.zip", "calm sea"), /is not a zip, tar or tar.gz/],
    ["is empty", () => fileWith(temp, "empty.zip", ""), /is not a zip, tar or tar.gz/],
  ])("ends the run if the archive %s", async (_, path, text) => {
    await expect(flow(archive(path())).run()).rejects.toMatchObject({
      code: "ERR_ARCHIVE_UNREADABLE",
      message: expect.stringMatching(text),
    });
  });

  it.each(["deflated.zip", "stored.zip", "gnu.tar.gz"])(
    "uploads %s and gets it back byte for byte, and a journal skips it",
    async (name) => {
      const { app } = await openStore();
      const out = temporaryFolder();
      const journal = join(out, "journal");
      const run = () =>
        flow(archive(sample(name), { kinds: ["image"], exclude: "**/nothing.txt" }))
          .pipe(batch(), upload(app))
          .run({ journal });
      expect((await run()).counts).toMatchObject({ ok: 1 });
      expect((await run()).counts).toMatchObject({ ok: 0, failed: 0 });
      await flow(listInputs(app))
        .pipe(download(join(out, "files")))
        .run();
      const [line = "{}"] = readFileSync(join(out, "files/manifest.jsonl"), "utf8").trim().split("\n").slice(-1);
      const [[, path] = []] = [.../"path":"([^"]+)"/g[Symbol.matchAll](line)];
      expect(readFileSync(join(out, "files", path ?? "")).equals(exampleBytes("harbour/quay.jpg"))).toBe(true);
    },
  );

  it("reads a zip again whose entries kept their checksums, and not one whose file changed under it", async () => {
    const { app } = await openStore();
    const path = fileWith(temp, "moving.zip", readFileSync(sample("stored.zip")));
    const inputs = flow(archive(path, { kinds: ["image"], exclude: "**/nothing.txt" })).pipe(batch(), upload(app));
    const journal = join(temporaryFolder(), "journal");
    await inputs.run({ journal });
    utimesSync(path, 1000, 1000);
    expect((await inputs.run({ journal })).skipped.map(({ reason }) => reason)).toContain("done earlier");
    const gone = flow({
      name: "late",
      async *read(context) {
        for await (const item of archive(path, { include: "**/*.jpg", ids: "path" }).read(
          context,
        ) as AsyncIterable<never>)
          yield item;
        renameSync(path, `${path}.old`);
        rmSync(`${path}.old`);
      },
    }).pipe(batch(), upload(app));
    const report = await gone.run();
    expect(report.failures).toMatchObject([{ code: "ERR_FILE_UNREADABLE" }]);
  });
});
