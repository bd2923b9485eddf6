/** `sluice emulator` as a program of its own. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { batch, connect, flow, fromIterable, listInputs, upload } from "../../src/index.js";
import { bundledCommand } from "../helpers/command.js";
import { callerOf, clientOf } from "../helpers/grpc.js";
import { temporaryFolder } from "../helpers/store.js";

const execute = promisify(execFile);

/** Starts the command and resolves with its addresses once it has printed them. */
async function start(...args: string[]): Promise<{ child: ChildProcess; url: string; gallery: string }> {
  const child = spawn(process.execPath, [bundledCommand(), "emulator", "--port", "0", ...args], { stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  let url: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /http:\/\/\S+/.exec(line)?.[0];
    if (address && url) return { child, url, gallery: address };
    url ??= address;
  }
  throw new Error("the command ended before it printed its address");
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  child.kill(signal);
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

describe("sluice emulator", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "prints its address, serves requests, and stops cleanly on %s",
    async (signal) => {
      const { child, url, gallery } = await start("--data", temporaryFolder());
      expect((await fetch(`${url}/v2/status_codes`)).status).toBe(200);
      expect(gallery).toMatch(new RegExp(`^${url}/#link=[\\w-]{32}$`));
      expect(await stop(child, signal)).toBe(0);
      await expect(fetch(url)).rejects.toThrow();
    },
  );

  it("serves gRPC on a port of its own with --grpc", async () => {
    const { child, gallery: grpcUrl } = await start("--data", temporaryFolder(), "--grpc", "0");
    const client = clientOf(grpcUrl); // The address of gRPC is printed before that of the gallery.
    const { status } = await callerOf(client)("ListInputs");
    client.close();
    expect(status.code).toBe(10_000);
    expect(await stop(child, "SIGTERM")).toBe(0);
  });

  it("keeps its data, and accepts only the key of --pat or SLUICE_EMULATOR_PAT", async () => {
    const data = temporaryFolder();
    const first = await start("--data", data, "--pat", "right");
    const app = await connect({ baseUrl: first.url, pat: "right" });
    await flow(fromIterable([{ id: "a", text: "calm sea" }]))
      .pipe(batch(), upload(app))
      .run();
    await app.close();
    await stop(first.child, "SIGTERM");

    vi.stubEnv("SLUICE_EMULATOR_PAT", "right");
    const second = await start("--data", data);
    vi.unstubAllEnvs();
    const path = `${second.url}/v2/users/me/apps/main/inputs`;
    const refused = await fetch(path, { headers: { authorization: "Key wrong" } });
    expect(refused.status).toBe(401);
    expect(((await refused.json()) as { status: { code: number } }).status.code).toBe(11009);
    const again = await connect({ baseUrl: second.url, pat: "right" });
    expect((await flow(listInputs(again)).toArray()).map((input) => input.text)).toEqual(["calm sea"]);
    await again.close();
  });

  it("accepts a key of --app-key for its app only, and refuses unknown parameters without --lenient", async () => {
    const keys = ["--app-key", "one=ann/a", "--app-key", "two=ann/b"];
    const { url } = await start("--data", temporaryFolder(), ...keys);
    const lenient = await start("--data", temporaryFolder(), "--lenient", "--urls", "accept");
    const get = async (path: string, key: string) => {
      const response = await fetch(`${url}/v2${path}`, { headers: { authorization: `Key ${key}` } });
      return ((await response.json()) as { status: { code: number } }).status.code;
    };
    expect(await get("/users/ann/apps/b/inputs", "two")).toBe(10000);
    expect(await get("/users/ann/apps/b/inputs", "one")).toBe(11008);
    expect(await get("/inputs?tags=x", "one")).toBe(11102);
    const ignored = await fetch(`${lenient.url}/v2/inputs?tags=x`, { headers: { authorization: "Key any" } });
    expect(ignored.status).toBe(200);
  });

  it("reports in one line why it cannot start", async () => {
    const { child, url } = await start("--data", temporaryFolder());
    const { port } = new URL(url);
    const folder = temporaryFolder();
    const faults = join(folder, "faults.json");
    await writeFile(faults, '[{ "fault": { "type": "garbage" } }, { "type": "garbage" }]');
    const failures: [string[], RegExp, number][] = [
      [["--port", "many"], /^error: option '--port <number>' argument 'many' is invalid.*from 0 to 65535/, 2],
      [["--port", port, "--data", folder], new RegExp(`^error: .*port ${port} of 127.0.0.1: another program`), 1],
      [["--port", "0", "--data", faults], /^error: the emulator cannot use the data folder \S+faults\.json/, 1],
      [["--strict", "--lenient"], /^error: option '--strict' cannot be used with option '--lenient'/, 2],
      [["--urls", "skip"], /^error: option '--urls <mode>' argument 'skip' is invalid/, 2],
      [["--faults", faults], /^error: .*faults\.json: rule 2 has no fault/, 2],
    ];
    const runs = failures.map(async ([args, text, code]) => {
      const run = execute(process.execPath, [bundledCommand(), "emulator", ...args]);
      await expect(run).rejects.toMatchObject({ code, stderr: expect.stringMatching(text) as string });
    });
    await Promise.all(runs);
    await stop(child, "SIGTERM");
  });
});
