import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startCommand } from "../helpers/command.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

it("lets the server unpack a local archive and one by URL, once for each job", { timeout: 60_000 }, async () => {
  const { store } = await openStore();
  const cwd = temporaryFolder();
  const data = join(import.meta.dirname, "../../examples/data");
  execFileSync("tar", ["-cf", join(cwd, "harbour.tar"), "-C", data, "harbour"]);
  const web = createServer((_, response) => void response.end(readFileSync(join(cwd, "harbour.tar"))));
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void web.close());
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/harbour.tar`;
  const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
  const sluice = (...args: string[]) => startCommand(["pull", ...args], { cwd, env }).ended;

  expect((await sluice("harbour.tar", "--dry-run")).stdout).toMatch(/^would send the archive/);
  expect(store.stored()).toHaveLength(0);
  const sent = await sluice("harbour.tar", "--job-id", "one", "--metadata", "from=tar", "--dataset", "harbour");
  expect(sent).toMatchObject({ code: 0, stdout: expect.stringMatching(/^done: ok 3 \+ failed 0\n[\s\S]* job {6}one/) });
  expect(store.stored()).toMatchObject([1, 2, 3].map(() => ({ metadata: { from: "tar" } })));
  expect((await sluice("harbour.tar", "--job-id", "one")).code).toBe(0);
  expect(store.stored()).toHaveLength(3);

  const pulled = await sluice(url, "--conflict", "suffix", "--json");
  expect(JSON.parse(pulled.stdout)).toMatchObject({ ok: true, counts: { succeeded: 3, failed: 0 } });
  expect(store.stored()).toHaveLength(6);
  const again = await sluice(url);
  expect(again).toMatchObject({ code: 1, stdout: expect.stringContaining("ok 0 + failed 3") });
  expect(again.stdout).toContain("sluice list --status failed");

  writeFileSync(join(cwd, "note.zip"), "not an archive");
  expect(await sluice("note.zip")).toMatchObject({ code: 1, stdout: expect.stringContaining("  failed   ") });
  expect(await sluice("nowhere.zip")).toMatchObject({ code: 2, stderr: expect.stringContaining("neither a file") });
  expect(store.stored()).toHaveLength(6);
});
