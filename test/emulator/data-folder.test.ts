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

describe("processing", () => {
  it("continues after rows could not be written for a while", async () => {
    const { store, files, close } = openDataFolder(temporaryFolder());
    const app = store.addApp("me", "main");
    const content = { media: '{"text":{"raw":"calm sea"}}', fields: "{}", sha256: null, size_bytes: 0, url: null };
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
    expect(transaction.mock.results[0]?.type).toBe("throw");
  });
});
