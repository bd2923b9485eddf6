/** Stopping by signals, as a program sees it. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startFlowChild } from "../helpers/children.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

describe("a signal", () => {
  it("ends the reading, lets open work finish, and later flows stop at once", { timeout: 30_000 }, async () => {
    const { store } = await openStore();
    const journal = join(temporaryFolder(), "a.journal");
    // The source yields 40 inputs, of which 8 are in an incomplete batch, and then hangs.
    const options = { url: store.url, count: 1000, hangsAfter: 40, run: { journal }, twice: true };
    const child = startFlowChild({ ...options, maxItems: 16, maxWaitMs: 60_000 });
    await child.until(() => child.lines.filter(({ state }) => state === "ok").length === 32);
    child.process.kill("SIGINT");
    expect(await child.ended).toBe(130);
    const counts = { read: 40, ok: 40, failed: 0, skipped: 0, pending: 0 };
    const nothing = { read: 0, ok: 0, failed: 0, skipped: 0, pending: 0 };
    expect(child.lines.filter((line) => line.counts)).toEqual([
      { counts, stopped: true },
      { counts: nothing, stopped: true },
    ]);
    expect(child.errors()).toMatch(/SIGINT: open work may finish within 5 s/);
    expect(existsSync(`${journal}.lock`)).toBe(false);
    expect(store.stored()).toHaveLength(40);
  });

  it("that comes a second time ends the program at once", {
    timeout: 30_000,
  }, async () => {
    const { store } = await openStore();
    const child = startFlowChild({ url: store.url, count: 33, transformHangs: true, run: { handleSignals: true } });
    await child.until(() => child.lines.filter(({ state }) => state === "ok").length === 32);
    child.process.kill("SIGTERM");
    await child.untilError(/SIGTERM/);
    child.process.kill("SIGINT");
    expect(await child.ended).toBe("SIGINT"); // 130 for a shell; the library ends no program by itself
    expect(child.lines.some((line) => line.counts)).toBe(false);
  });

  it("is left to the program with handleSignals: false", { timeout: 30_000 }, async () => {
    const { store } = await openStore();
    const child = startFlowChild({ url: store.url, count: 33, transformHangs: true, run: { handleSignals: false } });
    await child.until(() => child.lines.filter(({ state }) => state === "ok").length === 32);
    child.process.kill("SIGINT");
    expect(await child.ended).toBe("SIGINT");
  });
});
