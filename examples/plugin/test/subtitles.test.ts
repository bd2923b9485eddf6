import { flow, idFromPath } from "sluice";
import { testSource } from "sluice/testing";
import { expect, it } from "vitest";
import { subtitles } from "../src/index.js";
import { fileOf, newPath, threeCues } from "./fixtures.js";

testSource("subtitles", async () => {
  const path = threeCues();
  return { source: subtitles({ path }), ids: [1, 2, 3].map((place) => idFromPath(`${path}/${place}`)) };
});

it("gives each cue its text and its times", async () => {
  const [, second, third] = await flow(subtitles({ path: threeCues() })).toArray();
  expect(second?.text).toBe("Wind from the west,\nand rising.");
  expect(third?.metadata).toEqual({ startMs: 3_723_456, endMs: 3_724_000 });
});

it("fails a cue whose times cannot be read alone, and names its line", async () => {
  const path = fileOf("1", "soon", "Calm sea.", "", "2", "00:00:03,000 --> 00:00:04,000", "Harbour!");
  const report = await flow(subtitles({ path })).run();
  expect(report.counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
  expect(report.failures[0]).toMatchObject({ origin: `${path}:1`, code: "ERR_SUBTITLE_TIME" });
});

it("rejects when the file is not there", async () => {
  await expect(flow(subtitles({ path: newPath() })).run()).rejects.toMatchObject({ code: "ERR_SUBTITLES_UNREADABLE" });
});
