/** Files of the tests, in folders that are removed after each test. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Returns a path that does not exist yet. */
export function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-subtitles-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "cues.srt");
}

/** A file with these lines. */
export function fileOf(...lines: string[]): string {
  const path = newPath();
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

/** A file with three cues. */
export function threeCues(): string {
  return fileOf(
    ...["1", "00:00:01,000 --> 00:00:02,500", "Calm sea.", ""],
    ...["2", "00:00:03,000 --> 00:00:04,000", "Wind from the west,", "and rising.", ""],
    ...["3", "01:02:03,456 --> 01:02:04,000", "Harbour!"],
  );
}
