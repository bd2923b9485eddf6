/** Disks that are full, read-only or missing. The tests mount small file systems, which needs root on Linux; elsewhere they are skipped. */

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it, onTestFinished } from "vitest";
import { startEmulator } from "../../src/emulator/index.js";
import {
  batch,
  connect,
  download,
  flow,
  fromIterable,
  listInputs,
  type RunOptions,
  readJournal,
  upload,
  writeJsonl,
} from "../../src/index.js";
import { texts } from "../helpers/flows.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const canMount = mountsWork();
if (!canMount)
  process.stderr.write("disks: mounting a tmpfs needs root on Linux; the tests of full disks are skipped\n");

function mountsWork(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    execFileSync("unshare", ["-m", "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A file system in memory with a size limit, for one test. */
function smallDisk(size: string): { path: string; resize: (size: string) => void; readOnly: () => void } {
  const path = join(temporaryFolder(), "disk");
  mkdirSync(path);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
  onTestFinished(() => void execFileSync("umount", ["-l", path]));
  const remount = (option: string) => void execFileSync("mount", ["-o", `remount,${option}`, path]);
  return { path, resize: (to) => remount(`size=${to}`), readOnly: () => remount("ro") };
}

/** Fills all free space of a disk. */
function fill(path: string): void {
  execFileSync("sh", ["-c", 'cat /dev/zero > "$0/filler" 2>/dev/null || true', path]);
}

async function fails(options: RunOptions, code: string, text: RegExp): Promise<void> {
  const source = texts(3);
  await expect(flow(source).run(options)).rejects.toMatchObject({ code, message: expect.stringMatching(text) });
  expect(source.handedOut()).toBe(0);
}

describe.runIf(process.platform === "linux")("a journal or a dead-letter file that cannot be written", () => {
  const where: [what: string, path: string, reason: RegExp][] = [
    ["in a folder that cannot be made", "/proc/none/a/file", /cannot be .*ENOENT.*\/proc\/none'/],
    ["below a file", `${import.meta.filename}/file`, /cannot be .*(EEXIST|ENOTDIR)/],
    ["that is a folder", import.meta.dirname, /is not a regular file|is not a dead-letter file/],
    ["that is a device", "/dev/full", /is not a regular file|is not a dead-letter file/],
  ];
  it.each(where)("%s is an error at once, before anything is read", async (_, path, reason) => {
    for (const option of ["journal", "deadLetters"]) {
      await fails({ [option]: path }, expect.stringMatching(/^ERR_(JOURNAL|DEAD_LETTERS)_/) as never, reason);
    }
  });
});

describe.runIf(canMount)("a disk that is read-only", () => {
  it("is an error at once for journals, dead letters, lines, downloads and stores", async () => {
    const disk = smallDisk("1m");
    await flow(texts(1)).run({ journal: join(disk.path, "old") });
    disk.readOnly();
    for (const name of ["new", "old", "folder/deep/new"]) {
      const path = join(disk.path, name);
      await fails({ journal: path }, "ERR_JOURNAL_UNWRITABLE", /EROFS/);
      if (name !== "old") await fails({ deadLetters: path }, "ERR_DEAD_LETTERS_UNWRITABLE", /EROFS/);
      for (const sink of [writeJsonl(path, { append: true }), download(path)]) {
        const running = flow(texts(1)).pipe(sink).run();
        await expect(running).rejects.toMatchObject({ code: "ERR_FILE_UNWRITABLE" });
      }
    }
    await expect(startEmulator({ data: join(disk.path, "data") })).rejects.toMatchObject({
      code: "ERR_STORE_UNUSABLE",
    });
  });
});

describe.runIf(canMount)("a disk that is full", () => {
  it("is an error before the first input, also for an existing journal and existing dead letters", async () => {
    const disk = smallDisk("64k");
    const [journal, deadLetters] = [join(disk.path, "j"), join(disk.path, "d")];
    await flow(fromIterable([{ id: "a", image: { path: "/none" } }])).run({ journal, deadLetters });
    fill(disk.path);
    await fails({ journal }, "ERR_JOURNAL_UNWRITABLE", /ENOSPC|disk is full/);
    await fails({ deadLetters }, "ERR_DEAD_LETTERS_UNWRITABLE", /ENOSPC|disk is full/);
    await fails({ journal: join(disk.path, "new") }, "ERR_JOURNAL_UNWRITABLE", /ENOSPC/);
  });

  it("ends the run; every reported input is in the journal, and no input is sent twice", async () => {
    const disk = smallDisk("64k");
    const { app, store } = await openStore();
    const journal = join(disk.path, "j");
    const run = () =>
      flow(texts(2000))
        .pipe(batch({ maxItems: 20 }), upload(app, { wait: false }))
        .run({ journal });
    await expect(run()).rejects.toMatchObject({
      code: "ERR_JOURNAL_UNWRITABLE",
      message: expect.stringMatching(new RegExp(`${journal}.*ENOSPC`)),
    });
    for await (const { state } of readJournal(journal)) expect(state).toBe("ok");
    disk.resize("4m");
    expect((await run()).counts).toMatchObject({ read: 2000, failed: 0, pending: 0 });
    expect(store.stored().map(({ timesStored }) => timesStored)).toEqual(Array.from({ length: 2000 }, () => 1));
  });

  it("ends writeJsonl with whole lines, and fails only the downloads that did not fit", async () => {
    const disk = smallDisk("64k");
    const path = join(disk.path, "out.jsonl");
    const running = flow(texts(3000)).pipe(writeJsonl(path)).run();
    await expect(running).rejects.toMatchObject({ code: "ERR_FILE_UNWRITABLE" });
    const whole = readFileSync(path, "utf8").split("\n");
    expect(whole.pop()).toBe("");
    for (const line of whole) JSON.parse(line);

    const { app } = await openStore();
    await flow(texts(60)).pipe(batch(), upload(app)).run();
    const fetchAll = async () =>
      (
        await flow(listInputs(app))
          .pipe(download(join(disk.path, "files")))
          .run()
      ).counts;
    expect((await fetchAll()).failed).toBeGreaterThan(0);
    disk.resize("4m");
    expect(await fetchAll()).toMatchObject({ read: 60, failed: 0 });
    for (let n = 0; n < 60; n += 1) expect(readFileSync(join(disk.path, `files/t${n}.txt`), "utf8")).toBe(`text ${n}`);
  });

  it("makes the emulator answer 507 until there is space; nothing that it stored is cut or lost", {
    timeout: 90_000,
  }, async () => {
    const disk = smallDisk("2m");
    const data = join(disk.path, "data");
    const store = await startEmulator({ data });
    const app = await connect({ baseUrl: store.url, retryForMs: 300 });
    const picture = () => sharp(randomBytes(160 * 160 * 3), { raw: { width: 160, height: 160, channels: 3 } }).png();
    const images = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => ({ id: `i${n}`, image: { bytes: await picture().toBuffer() } })),
    );
    const send = (to = app) =>
      flow(fromIterable(images))
        .pipe(batch({ maxItems: 4 }), upload(to, { retryForMs: 300, processingTimeoutMs: 2000 }))
        .run();
    const full = await send();
    expect(full.counts.failed).toBeGreaterThan(0);
    expect(full.failures[0]).toMatchObject({
      code: "98013",
      reason: expect.stringMatching(/data folder is full.*ENOSPC|full/),
    });
    const body = JSON.stringify({ inputs: [{ id: "large", data: { text: { raw: "x".repeat(1_900_000) } } }] });
    const post = () => fetch(`${store.url}/v2/inputs`, { method: "POST", headers: { authorization: "Key any" }, body });
    expect((await post()).status).toBe(507);
    expect((await fetch(`${store.url}/v2/inputs`, { headers: { authorization: "Key any" } })).status).toBe(200);
    const kept = store.stored().map(({ id }) => id);

    disk.resize("20m");
    expect((await post()).status).toBe(200);
    const patient = await connect({ baseUrl: store.url });
    expect((await send(patient)).counts).toMatchObject({ read: 40, failed: 0, pending: 0, skipped: kept.length });
    for (const { id, sha256 } of store.stored()) {
      if (sha256 === null) continue;
      const bytes = readFileSync(join(data, "media", sha256.slice(0, 2), sha256));
      expect([id, bytes.equals(images.find((image) => image.id === id)?.image.bytes ?? Buffer.alloc(0))]).toEqual([
        id,
        true,
      ]);
    }
    expect(readdirSync(join(data, "incoming"))).toEqual([]);
    fill(disk.path); // closing the store needs no space
    await app.close();
    await patient.close();
    await store.close();
    expect(existsSync(join(data, "store.sqlite"))).toBe(true);
  });
});
