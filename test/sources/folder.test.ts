import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  opendirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { idOfFile } from "../../src/core/input/ids.js";
import { type FolderOptions, flow, folder, type InputDraft, idFromPath, SourceError } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { exampleBytes, folderWith, jpeg, openIn, tempFolder } from "../helpers/files.js";
import { sinkOf, turns } from "../helpers/flows.js";
import { draftsOf, itemsOf, pull } from "../helpers/sources.js";

const temp = tempFolder();
const photo = await jpeg();
const makePipe = (path: string) => execFileSync("sh", ["-c", 'mkfifo "$0"', path]);
const texts = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`${n}.txt`, `text ${n}`]));

const report = (path: string, options?: FolderOptions) => flow(folder(path, options)).run();
const namesOf = (drafts: readonly InputDraft[]) => drafts.map((draft) => draft.metadata?.filename).sort();
const reasonsOf = async (path: string, options?: FolderOptions) =>
  Object.fromEntries(
    (await itemsOf(folder(path, options))).map((item) => [
      item.origin.slice(path.length + 1),
      "skipped" in item ? item.skipped : "input" in item ? "read" : (item.error as { code?: string }).code,
    ]),
  );

testSource("folder", async () => {
  const path = folderWith(temp, texts(3));
  const handle = opendirSync(path);
  const ids: string[] = [];
  for (let entry = handle.readSync(); entry; entry = handle.readSync()) ids.push(idOfFile(basename(path), entry.name));
  handle.closeSync();
  return { source: folder(path), ids };
});

describe("kinds in a folder", () => {
  it("depend on the content and not on the extension", async () => {
    const path = folderWith(temp, {
      "photo.txt": photo,
      "sound.mp4": exampleBytes("media/foghorn.wav"),
      "film.wav": exampleBytes("media/ferry.mp4"),
      "no-extension": exampleBytes("market/poster.webp"),
    });
    const byName = Object.fromEntries((await draftsOf(folder(path))).map((draft) => [draft.metadata?.filename, draft]));
    expect(byName["photo.txt"]).toMatchObject({ image: { mimeType: "image/jpeg", width: 32, height: 24 } });
    expect(byName["sound.mp4"]).toMatchObject({ audio: { mimeType: "audio/wav" } });
    expect(byName["film.wav"]).toMatchObject({ video: { mimeType: "video/mp4" } });
    expect(byName["no-extension"]).toMatchObject({ image: { mimeType: "image/webp" } });
  });

  it("that were not requested, and other types, are skipped with the reason", async () => {
    const path = folderWith(temp, { "a.jpg": photo, "b.txt": "text", "c.bin": Buffer.from([0, 1, 2, 3, 0, 255]) });
    expect(await reasonsOf(path, { kinds: ["image"] })).toEqual({
      "a.jpg": "read",
      "b.txt": "kind text is excluded by the option kinds",
      "c.bin": "not an image, video, audio or text, but an unknown type",
    });
  });

  it("include texts, read whole with their byte order mark, also long ones", async () => {
    const long = "wave ü ".repeat(5000);
    const path = folderWith(temp, { "long.txt": long, "mark.txt": "\uFEFFcalm" });
    const drafts = await draftsOf(folder(path));
    expect(drafts.map((draft) => draft.text).sort()).toEqual(["\uFEFFcalm", long].sort());
  });

  it("fail alone for a text that is not UTF-8 after its beginning, and for an empty file", async () => {
    const path = folderWith(temp, {
      "latin.txt": Buffer.concat([Buffer.from("a".repeat(6000)), Buffer.from([0xe9, 0x20])]),
      "utf16.txt": Buffer.from("\ufeffgrößer", "utf16le"),
      "empty.txt": "",
      "good.txt": "good",
    });
    expect(await reasonsOf(path)).toEqual({
      "latin.txt": "ERR_TEXT_ENCODING",
      "utf16.txt": "ERR_TEXT_ENCODING", // and no sound, as which its first bytes could pass
      "empty.txt": "ERR_FILE_EMPTY",
      "good.txt": "read",
    });
  });

  it("fail a text of 20 MB before it is read", async () => {
    const path = folderWith(temp, { "large.txt": Buffer.alloc(20_000_000, "a"), "good.txt": "good" });
    expect(await reasonsOf(path)).toEqual({ "large.txt": "ERR_ITEM_TOO_LARGE", "good.txt": "read" });
  });
});

describe("files that a folder skips", () => {
  it("are in the report with the reason: hidden files, symbolic links, pipes", async () => {
    const path = folderWith(temp, { "a.txt": "a", ".hidden.txt": "h", ".git/config": "g" });
    symlinkSync(join(path, "a.txt"), join(path, "link.txt"));
    symlinkSync(join(path, "nowhere"), join(path, "broken"));
    makePipe(join(path, "pipe"));
    const { counts, skipped } = await report(path);
    expect(counts).toEqual({ read: 6, ok: 1, failed: 0, skipped: 5, pending: 0 });
    const reasons = Object.fromEntries(skipped.map(({ reason, origins }) => [reason, [...origins].sort()]));
    expect(reasons).toEqual({
      hidden: [`${path}/.git`, `${path}/.hidden.txt`],
      "symbolic link": [`${path}/broken`, `${path}/link.txt`],
      "not a regular file": [`${path}/pipe`],
    });
  });

  it("are read if hidden files are requested", async () => {
    const path = folderWith(temp, { "a.txt": "a", ".hidden.txt": "h", ".git/config.txt": "g" });
    expect(namesOf(await draftsOf(folder(path, { hidden: true })))).toEqual([".hidden.txt", "a.txt", "config.txt"]);
  });

  it("exclude links with followSymlinks, which follows files and folders and stops at a loop", {
    timeout: 5000,
  }, async () => {
    const elsewhere = folderWith(temp, { "b.txt": "b" });
    const path = folderWith(temp, { "sub/a.txt": "a" });
    symlinkSync(elsewhere, join(path, "linked"));
    symlinkSync(join(elsewhere, "b.txt"), join(path, "file-link.txt"));
    symlinkSync(path, join(path, "sub", "loop"));
    symlinkSync(join(path, "nowhere"), join(path, "broken"));
    makePipe(join(elsewhere, "pipe"));
    symlinkSync(join(elsewhere, "pipe"), join(path, "pipe-link"));
    expect(await reasonsOf(path, { followSymlinks: true })).toEqual({
      "sub/a.txt": "read",
      "sub/loop": "symbolic link to a folder that it lies in",
      "linked/b.txt": "read",
      "linked/pipe": "not a regular file",
      "file-link.txt": "read",
      broken: "ERR_FILE_UNREADABLE",
      "pipe-link": "not a regular file",
    });
  });

  it("include sub-folders with recursive: false", async () => {
    const path = folderWith(temp, { "a.txt": "a", "sub/b.txt": "b" });
    expect(await reasonsOf(path, { recursive: false })).toEqual({ "a.txt": "read", sub: "sub-folder" });
  });

  it("depend on globs that match the relative path", async () => {
    const path = folderWith(temp, { "a.txt": "a", "sub/b.txt": "b", "sub/c.md": "c", "old/d.txt": "d" });
    expect(await reasonsOf(path, { include: "**/*.txt", exclude: ["old/**"] })).toEqual({
      "a.txt": "read",
      "sub/b.txt": "read",
      "sub/c.md": "not included",
      old: "excluded",
    });
    expect(await reasonsOf(path, { include: "*.txt" })).toMatchObject({ "a.txt": "read", "sub/b.txt": "read" });
    expect(await reasonsOf(path, { include: "/*.txt" })).toMatchObject({
      "a.txt": "read",
      "sub/b.txt": "not included",
    });
  });
});

describe("a file or folder that cannot be read", () => {
  it("fails alone: a file that disappears while the folder is read", async () => {
    const path = folderWith(temp, texts(20));
    const removed: string[] = [];
    const labels = (name: string) => {
      const next = Array.from({ length: 20 }, (_, n) => `${n}.txt`).find(
        (other) => other !== name && existsSync(join(path, other)) && !seen.has(other),
      );
      seen.add(name);
      if (removed.length === 0 && next) {
        unlinkSync(join(path, next));
        removed.push(join(path, next));
      }
      return [];
    };
    const seen = new Set<string>();
    const { counts, failures } = await report(path, { labels });
    expect(counts).toMatchObject({ read: 20, ok: 19, failed: 1 });
    expect(failures[0]).toMatchObject({ origin: removed[0], code: "ERR_FILE_UNREADABLE", stage: "folder" });
  });

  it.each(["image", "text"])("fails alone when an %s disappears before its bytes are read for the id", async (kind) => {
    const gone = kind === "image" ? "gone.jpg" : "gone.txt";
    const path = folderWith(temp, { [gone]: kind === "image" ? photo : "text", "stays.txt": "stays" });
    const labels = (name: string) => {
      if (name === gone) rmSync(join(path, gone));
      return [];
    };
    expect(await reasonsOf(path, { ids: "content", labels })).toEqual({
      [gone]: "ERR_FILE_UNREADABLE",
      "stays.txt": "read",
    });
  });

  it("fails alone for a sub-folder that disappears", async () => {
    const path = folderWith(temp, { "one/a.txt": "a", "two/b.txt": "b" });
    let other: string | undefined;
    const labels = (name: string) => {
      other ??= name.startsWith("one") ? "two" : "one";
      rmSync(join(path, other), { recursive: true, force: true });
      return [];
    };
    const { counts, failures } = await report(path, { labels });
    expect(counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
    expect(failures[0]).toMatchObject({ origin: join(path, other ?? ""), code: "ERR_FOLDER_UNREADABLE" });
  });

  it("fails alone for labels and ids that throw", async () => {
    const path = folderWith(temp, { "a.txt": "a", "b.jpg": photo, "c.txt": "c" });
    const fail = (name: string) => {
      if (name !== "c.txt") throw new Error(`no ${name}`);
      return "fine";
    };
    for (const options of [{ labels: fail }, { ids: fail }]) {
      const { counts, failures } = await report(path, options);
      expect(counts).toMatchObject({ ok: 1, failed: 2 });
      expect(failures.map((failure) => failure.reason).sort()).toEqual(["no a.txt", "no b.jpg"]);
      expect(failures[0]?.code).toBe("ERR_ITEM");
    }
  });

  it("rejects the run if it is the folder itself", async () => {
    const missing = join(temp, "missing");
    await expect(report(missing)).rejects.toThrow(SourceError);
    await expect(report(missing)).rejects.toMatchObject({ code: "ERR_FOLDER_UNREADABLE" });
    await expect(report(missing)).rejects.toThrow(missing);
  });

  it("refuses an invalid option at once, by name", () => {
    expect(() => folder(temp, { labels: "path" as "folder" })).toThrow(/folder: labels/);
    expect(() => folder(temp, { kinds: [] })).toThrow(/folder: kinds/);
    expect(() => folder(temp, { lables: "folder" } as FolderOptions)).toThrow(/lables/);
  });
});

describe("labels of a folder", () => {
  it("are the name of the file's folder, and none at the top level", async () => {
    const path = folderWith(temp, { "top.txt": "t", "beach/a.txt": "a", "town/night/b.txt": "b" });
    const drafts = await draftsOf(folder(path, { labels: "folder" }));
    const labels = Object.fromEntries(drafts.map((draft) => [draft.metadata?.filename, draft.concepts]));
    expect(labels).toEqual({ "top.txt": undefined, "a.txt": ["beach"], "b.txt": ["night"] });
  });

  it("come from a function of path and kind", async () => {
    const path = folderWith(temp, { "sub/a.txt": "a", "b.jpg": photo, "c.txt": "c" });
    const labels = (name: string, kind: string) =>
      name === "c.txt" ? undefined : name.includes("/") ? [name, kind] : kind;
    const drafts = await draftsOf(folder(path, { labels }));
    const found = Object.fromEntries(drafts.map((draft) => [draft.metadata?.filename, draft.concepts]));
    expect(found).toEqual({ "a.txt": ["sub/a.txt", "text"], "b.jpg": ["image"], "c.txt": undefined });
  });

  it("and datasets are given to every input", async () => {
    const path = folderWith(temp, texts(2));
    const inputs = await flow(folder(path, { labels: () => "note", datasets: ["train"] })).toArray();
    expect(inputs).toHaveLength(2);
    for (const input of inputs) expect(input).toMatchObject({ concepts: [{ id: "note" }], datasets: ["train"] });
  });
});

describe("ids of a folder", () => {
  it("come with ids: path from the path inside the folder alone, as in 0.1, wherever the folder lies", async () => {
    const files = { "sub/a b.txt": "a", "c.txt": "c" };
    const idsIn = async (path: string) =>
      (await draftsOf(folder(path, { ids: "path" }))).map((draft) => draft.id).sort();
    const path = folderWith(temp, files);
    const first = await idsIn(path);
    expect(first).toEqual(["c-txt-4fe006196474", "sub-a-b-txt-a3fe1093428b"]);
    expect(first).toEqual([idFromPath("sub/a b.txt"), idFromPath("c.txt")].sort());
    expect(await idsIn(folderWith(temp, files))).toEqual(first);
    expect(await idsIn(`${path}/`)).toEqual(first);
    expect((await itemsOf(folder(`${path}//`))).map((item) => item.origin).sort()).toEqual(
      (await itemsOf(folder(path))).map((item) => item.origin).sort(),
    );
  });

  it("are the same for a name in both forms of Unicode", async () => {
    const composed = (await draftsOf(folder(folderWith(temp, { "caf\u00E9.txt": "a" }), { ids: "path" })))[0];
    const taken = (await draftsOf(folder(folderWith(temp, { "cafe\u0301.txt": "a" }), { ids: "path" })))[0];
    expect(composed?.metadata?.filename).not.toBe(taken?.metadata?.filename);
    expect(composed?.id).toBe(taken?.id);
  });

  it("come from the bytes, so that copies and renamed files have the same id", async () => {
    const path = folderWith(temp, {
      "a.txt": "same",
      "sub/b.md": "same",
      "c.jpg": photo,
      "d.jpg": photo,
      "e.txt": "other",
    });
    const drafts = await draftsOf(folder(path, { ids: "content" }));
    const ids = Object.fromEntries(drafts.map((draft) => [draft.metadata?.filename, draft.id]));
    expect(ids["a.txt"]).toBe(ids["b.md"]);
    expect(ids["c.jpg"]).toBe(ids["d.jpg"]);
    expect(new Set(Object.values(ids)).size).toBe(3);
    for (const id of Object.values(ids)) expect(id).toMatch(/^[0-9a-f]{48}$/);
  });

  it("come from a function of the relative path", async () => {
    const path = folderWith(temp, { "sub/a.txt": "a" });
    const [draft] = await draftsOf(folder(path, { ids: (name) => name.replace(/\W/g, "_") }));
    expect(draft?.id).toBe("sub_a_txt");
  });
});

describe("reading a folder", () => {
  it("does not read ahead of the requests of the flow", async () => {
    const path = folderWith(temp, texts(50));
    let looked = 0;
    const items = pull(folder(path, { labels: () => void (looked += 1) as undefined }));
    for (let asked = 1; asked <= 5; asked += 1) {
      await items.next();
      await turns(3);
      expect(looked).toBe(asked);
    }
    await items.return?.();
  });

  it("reads no further than the budget while a sink stalls", async () => {
    const path = folderWith(temp, texts(300));
    let looked = 0;
    const source = folder(path, { labels: () => void (looked += 1) as undefined });
    const stalled = sinkOf(() => new Promise<void>(() => undefined));
    const subscription = flow(source).pipe(stalled).subscribe({}, { maxInFlight: 20 });
    await vi.waitFor(() => expect(looked).toBeGreaterThanOrEqual(20), { timeout: 20_000 });
    await turns(20);
    expect(looked).toBeLessThanOrEqual(21);
    subscription.unsubscribe();
    await vi.waitFor(() => expect(openIn(path)).toEqual([]), { timeout: 20_000 });
  });

  it("closes folders and files when it is stopped early, at any depth", async () => {
    const path = folderWith(temp, { "a/b/c/d.txt": "d", "a/b/c/e.txt": "e", "a/b/c/f.txt": "f" });
    const items = pull(folder(path, { ids: "content" }));
    await items.next();
    expect(openIn(path)).toHaveLength(4);
    await items.return?.();
    expect(openIn(path)).toEqual([]);
  });

  it("closes folders and files at its end, and after failures", async () => {
    const path = folderWith(temp, { "a/b.txt": "b", "c.jpg": photo, "d.txt": "" });
    const { counts } = await report(path, { ids: "content" });
    expect(counts).toMatchObject({ ok: 2, failed: 1 });
    await vi.waitFor(() => expect(openIn(path)).toEqual([]), { timeout: 20_000 });
  });

  it("keeps unusual file names unchanged", async () => {
    const names = [
      "a b.txt",
      "ü\u0301.txt",
      "emoji 🌊.txt",
      "-dash.txt",
      "per%20cent.txt",
      "line\nbreak.txt",
      'quote".txt',
      "back\\slash.txt",
    ];
    const path = folderWith(temp, Object.fromEntries(names.map((name) => [name, name])));
    const drafts = await draftsOf(folder(path));
    expect(namesOf(drafts)).toEqual([...names].sort());
    expect(new Set(drafts.map((draft) => draft.id)).size).toBe(names.length);
    for (const draft of drafts) expect(draft.id).toMatch(/^[A-Za-z0-9_-]{1,48}$/);
  });

  it("fails a file whose name is not UTF-8 alone", async () => {
    const path = folderWith(temp, { "good.txt": "good" });
    writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0x62, 0xff, 0x2e])]), "bad");
    const { counts, failures } = await report(path);
    expect(counts).toMatchObject({ ok: 1, failed: 1 });
    expect(failures[0]?.code).toBe("ERR_FILE_NAME");
    expect(failures[0]?.reason).toMatch(/b\ufffd\. cannot be opened: its name is not UTF-8/);
  });

  it("yields nothing for an empty folder, and does not change files", async () => {
    const path = folderWith(temp, {});
    mkdirSync(join(path, "empty"));
    expect((await report(path)).counts.read).toBe(0);
    const withPhoto = folderWith(temp, { "a.jpg": photo });
    await report(withPhoto, { ids: "content" });
    expect(readFileSync(join(withPhoto, "a.jpg")).equals(photo)).toBe(true);
  });
});
