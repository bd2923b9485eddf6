import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Emulator, startEmulator } from "../../src/emulator/index.js";
import { Processing } from "../../src/emulator/media/processing.js";
import { openDataFolder } from "../../src/emulator/store/data-folder.js";
import { insertInputs } from "../../src/emulator/store/new-inputs.js";
import { batch, connect, flow, fromIterable, upload } from "../../src/index.js";
import { temporaryFolder } from "../helpers/store.js";

async function started(options: Parameters<typeof startEmulator>[0]): Promise<Emulator> {
  const store = await startEmulator(options);
  onTestFinished(() => store.close());
  return store;
}

describe("the data folder", () => {
  it("is used by one emulator at a time, and is free as soon as it closes", async () => {
    const data = temporaryFolder();
    const first = await startEmulator({ data });
    const app = await connect({ baseUrl: first.url, pat: "any" });
    await flow(fromIterable([{ id: "a", text: "calm sea" }]))
      .pipe(batch(), upload(app))
      .run();
    await expect(startEmulator({ data })).rejects.toMatchObject({
      name: "FlowError",
      code: "ERR_STORE_IN_USE",
      message: expect.stringMatching(`${data} .*to share it, set CLARIFAI_API_BASE=${first.url}$`) as string,
    });
    expect(
      (
        await flow(fromIterable([{ id: "b", text: "it goes on" }]))
          .pipe(upload(app))
          .run()
      ).counts.ok,
    ).toBe(1);
    await app.close();
    await first.close();
    expect((await started({ data })).stored().map((input) => input.id)).toEqual(["a", "b"]);
  });

  it("is locked by one process at a time, and not by a killed one", async () => {
    const data = temporaryFolder();
    const libsql = import.meta.resolve("libsql");
    const script = `
      import Database from ${JSON.stringify(libsql)};
      globalThis.lock = new Database(${JSON.stringify(join(data, "lock"))});
      lock.exec("BEGIN EXCLUSIVE");
      console.log("locked");
      setInterval(() => lock, 1000);`;
    const other = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void other.kill("SIGKILL"));
    await once(other.stdout, "data");
    await expect(startEmulator({ data })).rejects.toMatchObject({ code: "ERR_STORE_IN_USE" });
    other.kill("SIGKILL");
    await once(other, "exit");
    await started({ data });
  });

  it.each<[string, (path: string) => void]>([
    ["is a file", (path) => writeFileSync(path, "")],
    ["holds no database", (path) => mkdirSync(path) ?? writeFileSync(join(path, "store.sqlite"), "x".repeat(5000))],
  ])("reports when it %s", async (_, prepare) => {
    const path = join(temporaryFolder(), "data");
    prepare(path);
    await expect(startEmulator({ data: path })).rejects.toMatchObject({
      code: "ERR_STORE_UNUSABLE",
      message: expect.stringContaining(path) as string,
    });
  });

  it("is free again if the port is in use", async () => {
    const data = temporaryFolder();
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    await expect(startEmulator({ data, port })).rejects.toMatchObject({
      code: "ERR_STORE_ADDRESS",
      message: expect.stringMatching(new RegExp(`port ${port} of 127\\.0\\.0\\.1: another program`)) as string,
    });
    await expect(startEmulator({ data, port: 70_000 })).rejects.toMatchObject({ code: "ERR_STORE_ADDRESS" });
    await started({ data });
  });

  it("has all rows in one file after it is closed", () => {
    const { store, close } = openDataFolder(temporaryFolder());
    store.addApp("me", "photos");
    const path = store.get<{ file: string }>("SELECT file FROM pragma_database_list")?.file ?? "";
    close();
    const copy = temporaryFolder();
    copyFileSync(path, join(copy, "store.sqlite"));
    const opened = openDataFolder(copy);
    onTestFinished(() => opened.close());
    expect(opened.store.app("me", "photos")).toBeDefined();
  });
});

describe("the store", () => {
  it("forgets the concepts of a transaction that failed", () => {
    const { store, close } = openDataFolder(temporaryFolder());
    onTestFinished(close);
    const app = store.addApp("me", "main");
    const failing = () => {
      store.ensureConcepts(app.seq, [{ id: "dog", value: 1 }]);
      throw new Error("the disk is full");
    };
    expect(() => store.transaction(failing)).toThrow("full");
    expect(store.names(app.seq).has("dog")).toBe(false);
  });

  it("adds and processes inputs whose JSON is longer than one list", async () => {
    const { store, files, close } = openDataFolder(temporaryFolder());
    const app = store.addApp("me", "main");
    const rest = { fields: "{}", sha256: null, size_bytes: 0, url: null, annotations: [], datasets: ["all"] };
    const inputs = Array.from({ length: 5 }, (_, n) => {
      const media = JSON.stringify({ text: { raw: `${n}`.repeat(400_000) } });
      return { id: `long-${n}`, kind: "text" as const, media, ...rest };
    });
    const rows = insertInputs(store, app.seq, null, inputs);
    const processing = new Processing(store, files, {
      delayMs: 0,
      allowFetch: false,
      privateFetch: false,
      fault: () => undefined,
    });
    onTestFinished(async () => {
      await processing.close();
      close();
    });
    await expect.poll(() => inputs.map(({ id }) => store.input(app.seq, id)?.status)).toEqual(inputs.map(() => 30000));
    for (const [index, { id, media }] of inputs.entries()) {
      const { seq, media: stored = "" } = store.input(app.seq, id) ?? {};
      expect(seq).toBe(rows[index]?.seq);
      expect(JSON.parse(stored)).toMatchObject(JSON.parse(media) as object);
    }
    expect(store.all("SELECT input FROM dataset_inputs")).toHaveLength(5);
    expect(store.all("SELECT seq FROM annotations WHERE level = 1")).toHaveLength(5);
  });
});

describe("processing", () => {
  it("counts inputs of a job once, also if they are deleted before their turn", async () => {
    const { store, files, close } = openDataFolder(temporaryFolder());
    const app = store.addApp("me", "main");
    const content = { media: '{"text":{"raw":"calm sea"}}', fields: "{}", sha256: null, size_bytes: 0, url: null };
    const inputs = Array.from({ length: 50 }, (_, n) => {
      return { id: `text-${n}`, kind: "text" as const, ...content, annotations: [], datasets: [] };
    });
    const failing = { code: 30002, details: "injected" };
    const processing = new Processing(store, files, {
      ...{ delayMs: 0, allowFetch: false, privateFetch: false },
      fault: ({ id }) => (id === "text-49" ? failing : id === "text-48" ? "stuck" : undefined),
    });
    onTestFinished(async () => {
      await processing.close();
      close();
    });
    store.addJob(app.seq, "job");
    const rows = insertInputs(store, app.seq, "job", inputs);
    store.count(app.seq, "job", "pending", undefined, rows.length);
    processing.add(rows, new Map());
    store.deleteInputs(rows.slice(0, 20));
    await expect.poll(() => store.job(app.seq, "job")?.pending).toBe(0);
    expect(store.job(app.seq, "job")).toMatchObject({ in_progress: 1, success: 28, failed: 21 });
    expect(store.input(app.seq, "text-49")).toMatchObject({ status: 30002, details: "injected" });
    expect(store.input(app.seq, "text-48")?.status).toBe(30003);
    expect(store.get("SELECT count(*) AS count FROM inputs WHERE status = 30000")).toMatchObject({ count: 28 });
  });

  it("continues after rows could not be written for a while", async () => {
    const { store, files, close } = openDataFolder(temporaryFolder());
    const app = store.addApp("me", "main");
    const raw = 'calm "text_info":{ sea';
    const media = JSON.stringify({ text: { raw } });
    const content = { media, fields: "{}", sha256: null, size_bytes: 0, url: null };
    insertInputs(store, app.seq, null, [{ id: "a", kind: "text", ...content, annotations: [], datasets: [] }]);
    const transaction = vi.spyOn(store, "transaction").mockImplementationOnce(() => {
      throw new Error("the disk is full");
    });
    const processing = new Processing(store, files, {
      delayMs: 0,
      allowFetch: false,
      privateFetch: false,
      fault: () => undefined,
    });
    onTestFinished(async () => {
      await processing.close();
      close();
    });
    await expect.poll(() => store.input(app.seq, "a")?.status).toBe(30000);
    // The row is as earlier versions made it, without the info of the text.
    const processed = { text: { raw, text_info: { char_count: 22, encoding: "UTF8" } } };
    expect(JSON.parse(store.input(app.seq, "a")?.media ?? "")).toEqual(processed);
    expect(transaction.mock.results[0]?.type).toBe("throw");
  });
});
