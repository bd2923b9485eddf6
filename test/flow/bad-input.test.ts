/** Bad input: each bad input gets its own line in the report, and all others are uploaded. */

import { mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import sharp from "sharp";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  batch,
  connect,
  csv,
  flow,
  folder,
  fromIterable,
  listInputs,
  type Source,
  tagMetadata,
  transform,
  upload,
  urls,
} from "../../src/index.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

function jpeg(background: string): Promise<Buffer> {
  const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
  return sharp({ create: { width: 160, height: 120, channels: 3, background, noise } })
    .jpeg()
    .toBuffer();
}

/** The header of a PNG of this size, without any data. */
function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.from("89504e470d0a1a0a0000000d49484452000000000000000008020000000000000000", "hex");
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  return Buffer.concat([header, Buffer.alloc(4000, 1)]);
}

describe("a folder with bad files", () => {
  it("names each of them, and uploads all others", async () => {
    const { store, app } = await openStore();
    const path = temporaryFolder();
    const file = (name: string) => join(path, name);
    const whole = await jpeg("teal");
    await writeFile(file("good-1.jpg"), whole);
    await writeFile(file("good-2.jpg"), await jpeg("olive"));
    await writeFile(file("cut.jpg"), (await jpeg("navy")).subarray(0, 2000));
    await writeFile(file("really-text.jpg"), "This is a text, whatever its name says.");
    await writeFile(file("large.jpg"), Buffer.concat([whole, Buffer.alloc(21_000_000)]));
    await writeFile(file("huge.png"), pngHeader(10_000, 10_000));
    await writeFile(file("empty.jpg"), "");
    await writeFile(file("gone.jpg"), await jpeg("red"));
    await writeFile(file("shrunk.jpg"), await jpeg("blue"));

    const report = await flow(folder(path))
      .pipe(
        transform(async (input) => {
          const from = input.image && "path" in input.image ? input.image.path : "";
          if (from.endsWith("gone.jpg")) await rm(from);
          if (from.endsWith("shrunk.jpg")) await truncate(from, 100);
          return input;
        }),
        batch(),
        upload(app),
      )
      .run();

    const failed = new Map(report.failures.map((failure) => [failure.origin.replace(/^.*\//, ""), failure]));
    expect(failed.get("cut.jpg")).toMatchObject({ stage: "upload", code: "30002" });
    expect(failed.get("large.jpg")?.code).toBe("ERR_ITEM_TOO_LARGE");
    expect(failed.get("large.jpg")?.reason).toMatch(/2\d{7} bytes.*20000000/);
    expect(failed.get("huge.png")?.code).toBe("ERR_IMAGE_TOO_LARGE");
    expect(failed.get("huge.png")?.reason).toMatch(/100\.0 megapixels; the limit is 85/);
    expect(failed.get("gone.jpg")?.code).toBe("ERR_FILE_UNREADABLE");
    expect(failed.get("shrunk.jpg")?.code).toBe("ERR_FILE_CHANGED");
    expect(failed.get("empty.jpg")?.code).toBe("ERR_FILE_EMPTY");
    expect(failed.get("really-text.jpg")?.code).toBe("ERR_KIND_UNKNOWN");
    expect(failed.size).toBe(7);
    expect(report.counts).toEqual({ read: 9, ok: 2, failed: 7, skipped: 0, pending: 0 });
    expect(report.exitCode).toBe(1);

    const stored = store.stored().filter((input) => input.statusCode === 30000);
    expect(stored.map((input) => input.kind).sort()).toEqual(["image", "image"]);
  });

  it("gives different ids to two inputs that would get the same one", async () => {
    const { store, app } = await openStore();
    const inputs = [
      { id: "same", text: "first" },
      { id: "same", text: "second" },
      { id: "other", text: "third" },
    ];
    const report = await flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
    expect(report.counts).toEqual({ read: 3, ok: 2, failed: 1, skipped: 0, pending: 0 });
    expect(report.failures[0]?.code).toBe("ERR_ID_IN_RUN");
    expect(report.failures[0]?.reason).toContain('"same"');
    expect(store.stored().map((input) => input.timesStored)).toEqual([1, 1]);
  });

  it("fails each truncated file, with the evidence", async () => {
    const { store, app } = await openStore();
    const path = temporaryFolder();
    const data = join(import.meta.dirname, "../../examples/data");
    const wholes = ["harbour/quay.jpg", "harbour/cranes.jpg", "market/plan.png", "market/poster.webp"];
    for (const name of [...wholes, "media/ferry.mp4", "media/foghorn.wav"]) {
      const bytes = await readFile(join(data, name));
      const file = basename(name);
      await writeFile(join(path, file), bytes);
      await writeFile(join(path, `cut-${file}`), bytes.subarray(0, Math.floor(bytes.length * 0.6)));
      await writeFile(join(path, `short-${file}`), bytes.subarray(0, bytes.length - 30));
    }
    const report = await flow(folder(path)).pipe(batch(), upload(app)).run();
    const reasons = report.failures.map(({ origin, reason }) => [basename(origin), reason] as const);
    expect(reasons.map(([name]) => name.replace(/^(cut|short)-/, "")).sort()).toEqual(
      ["cranes.jpg", "ferry.mp4", "foghorn.wav", "plan.png", "poster.webp", "quay.jpg"].flatMap((name) => [name, name]),
    );
    for (const [name, reason] of reasons) {
      if (name.endsWith(".jpg")) expect(reason).not.toMatch(/png|webp/i); // not what was said of another file
      if (name.endsWith(".mp4")) expect(reason).toMatch(/video is cut short.* ends at byte \d+, and the file at \d+/);
      if (name.endsWith(".wav")) expect(reason).toMatch(/audio is cut short.*\d+ bytes, and the file has \d+/);
    }
    expect(report.counts).toEqual({ read: 18, ok: 6, failed: 12, skipped: 0, pending: 0 });
    expect(store.stored().filter((input) => input.statusCode === 30000)).toHaveLength(6);
  });

  it.each([
    ["skip", "x", { ok: 1, skipped: 1 }, "x"],
    ["skip", "y", { ok: 1, failed: 1 }, "x"],
    ["replace", "x", { ok: 2 }, "x"],
    ["replace", "y", { ok: 2 }, "y"],
    ["suffix", "y", { ok: 2 }, "x"],
    ["error", "x", { ok: 1, failed: 1 }, "x"],
  ] as const)(
    "ends when an id comes again while it is being processed: %s, then %s",
    async (conflict, second, counts, kept) => {
      const { app } = await openStore({ processingDelayMs: 60 });
      const changing: Source = {
        name: "changing",
        *read() {
          for (const text of ["x", second]) yield { origin: "note", input: { id: "same", text }, sameId: "again" };
        },
      };
      const report = await flow(changing).pipe(batch(), upload(app, { conflict })).run();
      const none = { read: 2, ok: 0, failed: 0, skipped: 0, pending: 0 };
      expect(report.counts).toEqual({ ...none, ...counts });
      const [stored] = await flow(listInputs(app, { ids: ["same"] })).toArray();
      expect(stored?.text).toBe(kept);
    },
  );

  it("refuses an id of 60 characters before anything is sent, with its length and the limit", async () => {
    const { store, app } = await openStore();
    const id = "x".repeat(60);
    const inputs = [
      { id, text: "too long a name" },
      { id: "fine", text: "fine" },
    ];
    const report = await flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
    expect(report.failures).toMatchObject([{ code: "ERR_ID_TOO_LONG", stage: "batch" }]);
    expect(report.failures[0]?.reason).toMatch(/60 characters; the limit is 48/);
    expect(store.stored().map((input) => input.id)).toEqual(["fine"]);
  });
});

describe("a CSV with bad rows", () => {
  it("names row and column, and reads the rows after each", async () => {
    const { store, app } = await openStore();
    const path = join(temporaryFolder(), "rows.csv");
    const rows = [
      "inputid,input,concepts,metadata,geopoints",
      'a,"first, with a comma",calm,"{""split"":""train""}","4.5,51.9"',
      'b,broken metadata,,"{not json","4.5,51.9"',
      'c,no such place,,,"4.5,191.9"',
      'd,stray "quote" inside,,,',
      "e,too,many,cells,here,really",
      "f,last,,,",
    ];
    await writeFile(path, rows.join("\r\n"));
    const report = await flow(csv(path)).pipe(batch(), upload(app)).run();
    const reasons = report.failures.map((failure) => `${failure.origin.replace(/^.*\//, "")} ${failure.reason}`);
    expect(reasons).toEqual([
      expect.stringMatching(/^rows\.csv:3 .*column metadata.*not json/),
      expect.stringMatching(/^rows\.csv:4 .*column geopoints.*191\.9/),
      expect.stringMatching(/^rows\.csv:5 .*quote/i),
      expect.stringMatching(/^rows\.csv:6 .*6 cells.*5/),
    ]);
    expect(store.stored().map((input) => input.id)).toEqual(["a", "f"]);
    expect(report.exitCode).toBe(1);
  });
});

describe("URLs that are down", () => {
  it("fails URLs that the platform cannot fetch, with its reason", async () => {
    const { app } = await openStore();
    const server = createServer((request, response) => {
      response.statusCode = request.url === "/fine.txt" ? 200 : 404;
      response.end("some text");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const report = await flow(urls([`${base}/fine.txt`, `${base}/gone.txt`, "http://127.0.0.1:9/none.txt"]))
      .pipe(batch(), upload(app))
      .run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 2 });
    expect(report.failures.map((failure) => failure.code)).toEqual(["30002", "30002"]);
    expect(report.summary()).toContain("404");
  });

  it("fails URLs that Sluice cannot fetch itself", async () => {
    const { app } = await openStore();
    const report = await flow(
      urls(["http://127.0.0.1:9/none.txt"], { fetch: true, allowPrivate: true, maxAttempts: 1 }),
    )
      .pipe(batch(), upload(app))
      .run();
    expect(report.counts).toMatchObject({ ok: 0, failed: 1 });
    expect(report.failures[0]?.reason).toContain("127.0.0.1:9");
  });
});

describe("a server that is down", () => {
  it("fails every input with the address, and ends", async () => {
    const app = await connect({ baseUrl: "http://127.0.0.1:9", pat: "any", retryForMs: 0 });
    onTestFinished(() => app.close());
    const inputs = [
      { id: "a", text: "a" },
      { id: "b", text: "b" },
    ];
    const report = await flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
    expect(report.counts).toEqual({ read: 2, ok: 0, failed: 2, skipped: 0, pending: 0 });
    expect(report.failures[0]).toMatchObject({ code: "ERR_SERVER_UNREACHABLE", stage: "upload" });
    expect(report.failures[0]?.reason).toContain("http://127.0.0.1:9");
    expect(report.exitCode).toBe(1);
  });

  it("ends the run when the key is wrong, with the platform's code", async () => {
    const { store } = await openStore({ pat: "right" });
    const app = await connect({ baseUrl: store.url, pat: "wrong" });
    onTestFinished(() => app.close());
    const running = flow(fromIterable([{ id: "a", text: "a" }]))
      .pipe(batch(), upload(app))
      .run();
    await expect(running).rejects.toMatchObject({ name: "SinkError", code: "11009" });
  });
});

describe("a mistake in a transform", () => {
  it("fails that input, and the run continues", async () => {
    const { store, app } = await openStore();
    const inputs = ["a", "b", "c"].map((id) => ({ id, text: id }));
    const report = await flow(fromIterable(inputs))
      .pipe(
        tagMetadata((input) => {
          if (input.id === "b") throw new Error("no mood for b");
          return { mood: "fine" };
        }),
        batch(),
        upload(app),
      )
      .run();
    expect(report.failures).toMatchObject([{ stage: "tagMetadata", reason: "no mood for b" }]);
    expect(store.stored().map((input) => input.id)).toEqual(["a", "c"]);
  });
});

describe("a folder with unusual names and levels", () => {
  it("is read with deep folders, empty folders and odd names", async () => {
    const { store, app } = await openStore();
    const path = temporaryFolder();
    const deep = join(path, ...Array.from({ length: 20 }, (_, level) => `level ${level}`));
    await mkdir(deep, { recursive: true });
    await mkdir(join(path, "empty"));
    await writeFile(join(deep, "naïve – 東京 🗼.txt"), "deep");
    await writeFile(join(path, "%2e%2e.txt"), "dots");
    const report = await flow(folder(path)).pipe(batch(), upload(app)).run();
    expect(report.counts).toMatchObject({ read: 2, ok: 2 });
    for (const { id } of store.stored()) expect(id).toMatch(/^[A-Za-z0-9_-]{1,48}$/);
  });
});
