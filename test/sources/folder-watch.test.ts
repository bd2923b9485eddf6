import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { idOfFile } from "../../src/core/input/ids.js";
import { batch, type FolderOptions, flow, folder, type SourceItem } from "../../src/index.js";
import { folderWith, jpeg, tempFolder } from "../helpers/files.js";
import { sinkOf } from "../helpers/flows.js";

const temp = tempFolder();
const watch = { everyMs: 1, quietMs: 1 };
const day = 86_400_000;

/** A watched folder: `next` returns the next item, `waits` what the source waits for after all existing items. */
function watched(path: string, options: FolderOptions = {}) {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  let told: ((waitsFor: string) => void)[] = [];
  const idle = (waitsFor: string) => {
    const heard = told;
    told = [];
    for (const hear of heard) hear(waitsFor);
  };
  const items = folder(path, { watch, ...options }).read({ signal: abort.signal, idle }) as AsyncIterable<SourceItem>;
  const iterator = items[Symbol.asyncIterator]();
  let asked: Promise<IteratorResult<SourceItem>> | undefined;
  /** A requested item that does not exist yet stays requested. */
  const ask = () => (asked ??= iterator.next());
  const next = async () => {
    const { value } = await ask();
    asked = undefined;
    return value as SourceItem;
  };
  /** Reads the wait twice in a row, so that a scan has happened since. */
  const waits = async () => {
    let waitsFor = "";
    for (let look = 0; look < 3; look += 1) {
      const heard = new Promise<string>((resolve) => told.push(resolve));
      waitsFor = await Promise.race([heard, ask().then(({ value }) => `item ${JSON.stringify(value)}`)]);
    }
    return waitsFor;
  };
  return { next, waits, ask, abort };
}

const textOf = (item: SourceItem) => ("input" in item ? item.input.text : JSON.stringify(item));
const idOf = (item: SourceItem) => ("input" in item ? item.input.id : undefined);

describe("a watched folder", () => {
  it("yields existing files, then added ones, also in new sub-folders, with the ids of an unwatched folder", async () => {
    const path = folderWith(temp, { "a.txt": "one" });
    const { next, waits } = watched(path);
    expect(idOf(await next())).toBe(idOfFile(basename(path), "a.txt"));
    expect(await waits()).toBe(`for new files in ${path}`);
    mkdirSync(join(path, "new/deep"), { recursive: true });
    writeFileSync(join(path, "new/deep/b.txt"), "two");
    const added = await next();
    expect(added.origin).toBe(`${path}/new/deep/b.txt`);
    expect(idOf(added)).toBe(idOfFile(basename(path), "new/deep/b.txt"));
  });

  it("yields a pair again when its caption changes, and no input for the caption", async () => {
    const path = folderWith(temp, { "a.jpg": await jpeg(), "a.txt": "one" });
    const { next, waits } = watched(path, { pairs: true });
    expect(textOf(await next())).toBe("one");
    expect(await waits()).toBe(`for new files in ${path}`);
    writeFileSync(join(path, "a.txt"), "another");
    const again = await next();
    expect([again.origin, textOf(again)]).toEqual([`${path}/a.jpg`, "another"]);
    expect(await waits()).toBe(`for new files in ${path}`);
  });

  it("yields a changed file again, a renamed one as new, and nothing for a deleted or only read file", async () => {
    const path = folderWith(temp, { "a.txt": "one", "b.txt": "two" });
    const { next, waits } = watched(path);
    await next();
    await next();
    chmodSync(join(path, "a.txt"), 0o600);
    rmSync(join(path, "b.txt"));
    expect(await waits()).toBe(`for new files in ${path}`);
    writeFileSync(join(path, "a.txt"), "changed");
    const changed = await next();
    expect([idOf(changed), textOf(changed)]).toEqual([idOfFile(basename(path), "a.txt"), "changed"]);
    renameSync(join(path, "a.txt"), join(path, "c.txt"));
    expect(idOf(await next())).toBe(idOfFile(basename(path), "c.txt"));
    writeFileSync(join(path, "b.txt"), "again");
    expect(textOf(await next())).toBe("again");
  });

  it("does not read a file before it is complete", async () => {
    const path = folderWith(temp, { "a.txt": "half, " });
    const file = join(path, "a.txt");
    utimesSync(file, new Date(), new Date(Date.now() + day)); // the clock of its server is wrong, so that it is never old
    const { ask, waits } = watched(path, { watch: { everyMs: 1, quietMs: day } });
    for (const more of ["and ", "the ", "rest"]) {
      expect(await waits()).toBe(`for a file in ${path} to be completely written`);
      appendFileSync(file, more);
    }
    const quiet = watched(path, { watch: { everyMs: 1, quietMs: 5 } });
    expect(textOf(await quiet.next())).toBe("half, and the rest");
    expect(await Promise.race([ask().then(() => "taken"), Promise.resolve("waited for")])).toBe("waited for");
  });

  it("waits again when a file is still being written", async () => {
    const path = folderWith(temp, { "old.txt": "old" });
    const { next, waits } = watched(path, { watch: { everyMs: 1, quietMs: 5 } });
    expect(textOf(await next())).toBe("old");
    await waits();
    const file = join(path, "new.txt");
    let text = "";
    for (let part = 0; part < 20; part += 1) {
      appendFileSync(file, `${part} `);
      text += `${part} `;
    }
    let last = await next();
    while (textOf(last) !== text) last = await next(); // a pause that is longer than its time is the end of a file
    expect(idOf(last)).toBe(idOfFile(basename(path), "new.txt"));
  });

  it("reports each skipped or unreadable file once", async () => {
    const path = folderWith(temp, {
      ".hidden": "h",
      "a.bin": Buffer.from([0, 1, 2, 255]),
      "no/a.txt": "n",
      "e.txt": "",
    });
    symlinkSync("a.bin", join(path, "link"));
    const { next, waits } = watched(path, { exclude: "no" });
    const items = [await next(), await next(), await next(), await next(), await next()];
    const told = items.map((item) => [
      item.origin.slice(path.length + 1),
      "skipped" in item ? item.skipped : "error" in item ? (item.error as { code?: string }).code : "read",
    ]);
    expect(Object.fromEntries(told)).toEqual({
      ".hidden": "hidden",
      "a.bin": "not an image, video, audio or text, but an unknown type",
      "e.txt": "ERR_FILE_EMPTY",
      link: "symbolic link",
      no: "excluded",
    });
    expect(await waits()).toBe(`for new files in ${path}`);
  });

  it("continues after the folder was missing for a while, and reads no file twice", async () => {
    const path = folderWith(temp, { "a.txt": "one" });
    const { next, waits } = watched(path);
    await next();
    await waits();
    renameSync(path, `${path}-away`);
    expect(await next()).toMatchObject({ origin: path, error: { code: "ERR_FOLDER_UNREADABLE" } });
    renameSync(`${path}-away`, path);
    expect(await waits()).toBe(`for new files in ${path}`);
    writeFileSync(join(path, "b.txt"), "two");
    expect(textOf(await next())).toBe("two");
  });

  it("rejects the run when the folder is missing at the start", async () => {
    const running = flow(folder(join(temp, "nowhere"), { watch })).run();
    await expect(running).rejects.toMatchObject({ code: "ERR_FOLDER_UNREADABLE" });
  });

  it("ends at a stop, and resumes from its journal with the files added meanwhile", async () => {
    const path = folderWith(temp, { "a.txt": "one", "b.txt": "two" });
    const journal = join(temp, "watch.journal");
    const runUntil = async (last: string) => {
      const abort = new AbortController();
      const seen: (string | undefined)[] = [];
      const write = sinkOf((inputs) => void seen.push(...inputs.map(({ text }) => text)));
      const running = flow(folder(path, { watch }))
        .pipe(batch({ maxWaitMs: 1 }), write)
        .run({
          journal,
          signal: abort.signal,
          onProgress: () => seen.includes(last) && abort.abort(),
        });
      return { report: await running, seen: seen.sort() };
    };
    expect(await runUntil("two")).toMatchObject({ seen: ["one", "two"], report: { stopped: true, exitCode: 130 } });
    writeFileSync(join(path, "c.txt"), "three");
    const { report, seen } = await runUntil("three");
    expect(seen).toEqual(["three"]);
    expect(report.skipped).toContainEqual(expect.objectContaining({ reason: "done earlier", count: 2 }));
  });

  it("is read once by plans and previews", async () => {
    const path = folderWith(temp, { "a.txt": "one", "b.txt": "two" });
    const watching = flow(folder(path, { watch: true }));
    expect((await watching.pipe(batch()).plan()).counts).toMatchObject({ read: 2 });
    expect((await watching.preview(10)).inputs).toHaveLength(2);
  });
});
