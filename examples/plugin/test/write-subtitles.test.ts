import { readFile } from "node:fs/promises";
import { batch, flow, fromIterable } from "sluice";
import { testSink } from "sluice/testing";
import { expect, it } from "vitest";
import { subtitles, writeSubtitles } from "../src/index.js";
import { newPath, threeCues } from "./fixtures.js";

const cue = (id: string, startMs: number) => ({ id, text: id, metadata: { startMs, endMs: startMs + 500 } });

testSink("writeSubtitles", async () => {
  const path = newPath();
  return {
    sink: writeSubtitles({ path }),
    inputs: [cue("a", 0), cue("b", 1000), cue("c", 2000)],
    written: async () => (await flow(subtitles({ path })).toArray()).map((input) => input.text ?? ""),
  };
});

it("writes what the source reads", async () => {
  const [from, to] = [threeCues(), newPath()];
  await flow(subtitles({ path: from }))
    .pipe(batch(), writeSubtitles({ path: to }))
    .run();
  expect((await readFile(to, "utf8")).trim()).toBe((await readFile(from, "utf8")).trim());
});

it("fails an input without times alone", async () => {
  const report = await flow(fromIterable([{ id: "a", text: "a" }, cue("b", 0)]))
    .pipe(batch(), writeSubtitles({ path: newPath() }))
    .run();
  expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
  expect(report.failures[0]).toMatchObject({ id: "a", code: "ERR_SUBTITLE_TIME" });
});

it("rejects when the file is there already", async () => {
  const running = flow(fromIterable([cue("a", 0)]))
    .pipe(writeSubtitles({ path: threeCues() }))
    .run();
  await expect(running).rejects.toMatchObject({ code: "ERR_SUBTITLES_UNWRITABLE" });
});
