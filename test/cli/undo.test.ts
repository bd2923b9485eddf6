import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { snapshotOf } from "../helpers/app-snapshot.js";
import { startCommand } from "../helpers/command.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

it("restores what a removal deleted, and says what it would restore", { timeout: 60_000 }, async () => {
  const { store, app } = await openStore();
  const cwd = temporaryFolder();
  cpSync(join(import.meta.dirname, "../../examples/data/harbour"), join(cwd, "photos"), { recursive: true });
  const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
  const sluice = (...args: string[]) => startCommand(args, { cwd, env }).ended;
  expect((await sluice("upload", "photos")).code).toBe(0);
  const before = await snapshotOf(app);

  const removed = await sluice("remove", "--all", "--yes", "--undo", "all.undo", "--undo-media");
  expect(removed.code).toBe(0);
  expect(removed.stdout).toMatch(/ {2}undo {5}3 states are recorded in .*all\.undo, and deleted files are kept/);
  const planned = await sluice("undo", "all.undo", "--dry-run");
  expect(planned.stdout).toMatch(/^plan: read 3 = ok 3 /);
  expect(store.stored()).toHaveLength(0);

  const restored = await sluice("undo", "all.undo");
  expect(restored).toMatchObject({ code: 0 });
  expect(restored.stdout).toMatch(/^read 3 = ok 3 /);
  expect(await snapshotOf(app)).toEqual(before);

  writeFileSync(join(cwd, "other.txt"), "no undo file\n");
  expect(await sluice("undo", "other.txt")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("is not an undo file"),
  });
});
