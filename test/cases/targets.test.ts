/** Targets: an explicit option wins over the environment, reports name the target, and a journal is valid for its own target only. */

import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { encodeLine } from "../../src/core/journal/lines.js";
import { type EmulatorOptions, startEmulator } from "../../src/emulator/index.js";
import {
  batch,
  type ConnectOptions,
  connect,
  download,
  flow,
  fromIterable,
  listInputs,
  readJournal,
  remove,
  upload,
  writeJsonl,
} from "../../src/index.js";
import { startCommand } from "../helpers/command.js";
import { temporaryFolder } from "../helpers/store.js";

const texts = (count = 3) => Array.from({ length: count }, (_, n) => ({ id: `t${n}`, text: `text ${n}` }));

async function open(options: ConnectOptions) {
  const app = await connect({ announce: false, ...options });
  onTestFinished(() => app.close());
  return app;
}

async function emulator(options: EmulatorOptions = {}) {
  const started = await startEmulator(options);
  onTestFinished(() => started.close());
  return started;
}

type App = Awaited<ReturnType<typeof open>>;
const send = (app: App, journal: string, count = 3) =>
  flow(fromIterable(texts(count)))
    .pipe(batch(), upload(app))
    .run({ journal });

beforeEach(() => {
  for (const name of ["CLARIFAI_PAT", "CLARIFAI_API_BASE", "CLARIFAI_USER_ID", "CLARIFAI_APP_ID"]) vi.stubEnv(name, "");
});

describe("connect()", () => {
  it("uses the folder of its option, whatever server and key the environment names", async () => {
    const other = await emulator();
    vi.stubEnv("CLARIFAI_API_BASE", other.url);
    vi.stubEnv("CLARIFAI_PAT", "any");
    const data = temporaryFolder();
    const app = await open({ data });
    await flow(fromIterable(texts())).pipe(upload(app)).run();
    expect(other.stored()).toEqual([]);
    expect(app.address).toBe(`me/main at ${data} (emulator)`);
  });

  it.each([
    ["baseUrl", { baseUrl: "http://127.0.0.1:9" }],
    ["pat", { pat: "secret" }],
  ])("refuses a folder together with %s, with the reason", async (name, more) => {
    const refused = connect({ data: temporaryFolder(), ...more });
    await expect(refused).rejects.toMatchObject({ code: "ERR_OPTIONS", message: expect.stringContaining(name) });
  });

  it("treats empty environment variables as not set", async () => {
    vi.stubEnv("CLARIFAI_API_BASE", (await emulator()).url);
    expect((await open({})).address).toMatch(/^me\/main at http:\/\/127\.0\.0\.1:\d+$/);
  });

  it.each([
    ["a line break at its end", "secret\n"],
    ["a space at its beginning", " secret"],
    ["nothing but spaces", "  "],
    ["a space inside", "sec ret"],
    ["a line break inside", "sec\nret"],
  ])("refuses a key with %s, naming the variable and not the key", async (_, key) => {
    vi.stubEnv("CLARIFAI_PAT", key);
    const error = await refusalOf({ userId: "me", appId: "a" });
    expect(error).toMatchObject({ code: "ERR_CREDENTIALS", message: expect.stringContaining("CLARIFAI_PAT") });
    expect(error.message).not.toContain("sec");
    const explicit = connect({ pat: key, baseUrl: "http://127.0.0.1:9" });
    await expect(explicit).rejects.toMatchObject({ message: expect.stringMatching(/\bpat\b/) });
  });

  it("refuses an address with a query or a fragment, which requests cannot contain", async () => {
    for (const end of ["?key=secret", "#secret"]) {
      const error = await refusalOf({ baseUrl: `http://127.0.0.1:9/x${end}` });
      expect(error).toMatchObject({ code: "ERR_OPTIONS" });
      expect(error.message).not.toContain("secret");
    }
  });
});

describe("a report", () => {
  it("names server with port, user, app and datasets, in text, JSON, page and plan", async () => {
    const { url } = await emulator();
    const app = await open({ baseUrl: url, userId: "ann", appId: "sea" });
    const inputs = () =>
      flow(fromIterable([{ id: "a", text: "calm", datasets: ["train"] }])).pipe(batch(), upload(app));
    const line = `target   upload to ann/sea at ${url}`;
    expect((await inputs().plan()).summary()).toContain(line);
    const report = await inputs().run();
    expect(report.targets).toEqual([
      { sink: "upload", action: "upload to", name: `ann/sea at ${url}`, url, wire: "rest", datasets: ["train"] },
    ]);
    expect(report.summary()).toContain(`${line}, dataset train`);
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({ targets: [{ url }] });
    const page = join(temporaryFolder(), "report.html");
    await report.writeHtml(page);
    expect(readFileSync(page, "utf8")).toContain(`upload to ann/sea at ${url}, dataset train`);
  });

  it("names every sink of a flow: the data folder of an emulator, a file, a download folder", async () => {
    const data = temporaryFolder();
    const out = temporaryFolder();
    const app = await open({ data });
    const sent = await flow(fromIterable(texts(1)))
      .pipe(writeJsonl(join(out, "all.jsonl")), upload(app))
      .run();
    expect(sent.targets).toEqual([
      { sink: "writeJsonl", action: "write to", name: join(out, "all.jsonl"), path: join(out, "all.jsonl") },
      { sink: "upload", action: "upload to", name: `me/main at ${data} (emulator)`, path: data, wire: "rest" },
    ]);
    const got = await flow(listInputs(app))
      .pipe(download(join(out, "files")))
      .run();
    expect(got.summary()).toContain(`target   download to ${join(out, "files")}`);
  });
});

describe("a journal", () => {
  it("of one server is refused for another server on the same machine, and the error names both", async () => {
    const [first, second] = [await emulator(), await emulator()];
    const journal = join(temporaryFolder(), "a.journal");
    await send(await open({ baseUrl: first.url }), journal);
    await expect(send(await open({ baseUrl: second.url }), journal)).rejects.toMatchObject({
      code: "ERR_JOURNAL_FLOW",
      message: expect.stringMatching(
        new RegExp(
          `${first.url} .recorded as: upload to me/main in the store ${first.store}.*${second.url}.*a journal file of its own`,
        ),
      ),
    });
    expect(second.stored()).toEqual([]);
  });

  it("is valid for its store, in this process and behind any port", async () => {
    const data = temporaryFolder();
    const journal = join(temporaryFolder(), "a.journal");
    const inside = await connect({ data, announce: false });
    expect((await send(inside, journal)).counts.ok).toBe(3);
    await inside.close();
    for (let starts = 0; starts < 2; starts += 1) {
      const started = await startEmulator({ data });
      const app = await connect({ baseUrl: started.url });
      expect((await send(app, journal, 4)).counts).toMatchObject({ ok: starts === 0 ? 1 : 0, failed: 0 });
      await app.close();
      await started.close();
    }
  });

  it.each<[what: string, change: (data: string) => void]>([
    ["emptied", (data) => rmSync(data, { recursive: true })],
    [
      "that lost its rows",
      (data) => ["", "-wal", "-shm"].forEach((end) => void rmSync(join(data, `store.sqlite${end}`), { force: true })),
    ],
    [
      "replaced by a copy of itself",
      (data) => {
        cpSync(data, `${data}.copy`, { recursive: true, preserveTimestamps: true });
        rmSync(data, { recursive: true });
        renameSync(`${data}.copy`, data);
      },
    ],
  ])("is refused for a store that was %s, on the same port", async (_, change) => {
    const data = join(temporaryFolder(), "data");
    const journal = join(temporaryFolder(), "a.journal");
    const first = await startEmulator({ data });
    const app = await open({ baseUrl: first.url });
    await send(app, journal);
    await first.close();
    change(data);
    await emulator({ data, port: first.port });
    await expect(send(await open({ baseUrl: first.url }), journal)).rejects.toMatchObject({ code: "ERR_JOURNAL_FLOW" });
  });

  it("resumes with a store whose folder was moved", async () => {
    const parent = temporaryFolder();
    const journal = join(parent, "a.journal");
    const first = await connect({ data: join(parent, "one"), announce: false });
    await send(first, journal);
    await first.close();
    renameSync(join(parent, "one"), join(parent, "two"));
    expect((await send(await open({ data: join(parent, "two") }), journal)).counts.skipped).toBe(3);
  });

  it("ends a run during which another store takes over the port", async () => {
    const first = await startEmulator();
    const app = await open({ baseUrl: first.url });
    await flow(fromIterable(texts(1)))
      .pipe(upload(app))
      .run();
    await first.close();
    await emulator({ port: first.port });
    const running = flow(fromIterable(texts())).pipe(upload(app)).run();
    await expect(running).rejects.toMatchObject({ code: "ERR_STORE_CHANGED" });
  });

  it("of a server that names no store is valid for its address with the port", async () => {
    const servers = [await plainServer(), await plainServer()];
    const journal = join(temporaryFolder(), "a.journal");
    const [first, second] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const run = async (baseUrl: string | undefined) =>
      flow(fromIterable([]))
        .pipe(batch(), remove(await open({ baseUrl })))
        .run({ journal });
    await run(first);
    await run(first);
    await expect(run(second)).rejects.toMatchObject({ code: "ERR_JOURNAL_FLOW" });
  });

  it("of 0.1, without port and store, is refused with the reason", async () => {
    const { url } = await emulator();
    const journal = join(temporaryFolder(), "a.journal");
    writeFileSync(
      journal,
      encodeLine({ journal: "sluice", version: 1, flow: ["upload to me/main at http://127.0.0.1"] }),
    );
    await expect(send(await open({ baseUrl: url }), journal)).rejects.toMatchObject({
      code: "ERR_JOURNAL_FLOW",
      message: expect.stringContaining("recorded neither local ports nor the store"),
    });
  });

  it.each<[what: string, damage: (bytes: Buffer) => Buffer, done: number]>([
    ["one changed byte in its first line", (bytes) => flipped(bytes, 30), 5],
    ["its first line emptied", (bytes) => bytes.fill(0, 0, bytes.indexOf(10)), 5],
    ["no first line", (bytes) => bytes.subarray(bytes.indexOf(10) + 1), 5],
    ["its first line cut", (bytes) => bytes.subarray(50), 5],
    ["both copies of its header damaged", (bytes) => flipped(flipped(bytes, 30), bytes.indexOf(10) + 31), 0],
    ["both copies of its header lost", (bytes) => bytes.subarray(bytes.indexOf(10, bytes.indexOf(10) + 1) + 1), 0],
  ])(
    "with %s is repaired: no input is lost or duplicated, and it stays bound to its target",
    async (_, damage, done) => {
      const [here, there] = [await emulator(), await emulator()];
      const journal = join(temporaryFolder(), "a.journal");
      const app = await open({ baseUrl: here.url });
      const other = await open({ baseUrl: there.url });
      await send(app, journal, 5);
      const damaged = damage(readFileSync(journal));
      for (const copy of ["b", "c"]) writeFileSync(`${journal}.${copy}`, damaged);
      const report = await send(app, `${journal}.b`, 8);
      expect(report.counts).toEqual({ read: 8, ok: 3, skipped: 5, failed: 0, pending: 0 });
      expect(report.journal?.finished).toBe(done);
      expect(here.stored().map(({ timesStored }) => timesStored)).toEqual(Array.from({ length: 8 }, () => 1));
      const again = await send(app, `${journal}.b`, 8);
      expect([again.counts.skipped, again.journal?.finished]).toEqual([8, 8]);
      // A run with another target is refused, or sends all inputs if no record of the journal is valid.
      const elsewhere = await send(other, `${journal}.c`, 5).then(
        ({ counts }) => counts.ok,
        (error: { code: string }) => error.code,
      );
      expect(elsewhere).toBe(done === 0 ? 5 : "ERR_JOURNAL_FLOW");
      let records = 0;
      for await (const _record of readJournal(`${journal}.b`)) records += 1;
      expect(records).toBe(done === 0 ? 13 : 8);
    },
  );
});

describe("the command line", () => {
  it("uses the store of its option, whatever the environment names, and names it", { timeout: 30_000 }, async () => {
    const other = await emulator();
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, "a.jsonl"), `${JSON.stringify(texts(1)[0])}\n`);
    const env = { CLARIFAI_API_BASE: other.url, CLARIFAI_PAT: "any" };
    const { code, stdout, stderr } = await startCommand(["upload", "a.jsonl", "--store", "mine"], { cwd, env }).ended;
    expect([code, other.stored()]).toEqual([0, []]);
    expect(stdout).toContain(`target   upload to me/main at ${join(cwd, "mine")} (emulator)`);
    expect(stderr).toContain("ignoring CLARIFAI_API_BASE, CLARIFAI_PAT");
    const both = ["list", "--store", "mine", "--base-url", other.url];
    expect(await startCommand(both, { cwd, env }).ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("data and baseUrl name two targets"),
    });
    const typo = ["upload", "a.jsonl", "--stor", "mine"];
    expect(await startCommand(typo, { cwd, env }).ended).toMatchObject({ code: 2 });
  });
});

/** Returns the error with which connect refuses these options. */
async function refusalOf(options: ConnectOptions): Promise<Error> {
  const result = await connect(options).catch((error: Error) => error);
  if (result instanceof Error) return result;
  await result.close();
  throw new Error("the connection was not refused");
}

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] as number) ^ 1;
  return bytes;
}

/** A server that answers in the API's form and names no store. */
async function plainServer(): Promise<Server> {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: { code: 10000, description: "Ok" } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  onTestFinished(() => void server.close());
  return server;
}
