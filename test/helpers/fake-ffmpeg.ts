/** Programs that stand for ffmpeg: small scripts of Node.js that write what a test needs. */

import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { describe } from "vitest";
import { fileWith } from "./files.js";

/** Writes a program that answers as ffmpeg 5.1 to `-version`, and otherwise runs `body`, in which `args`, `out` and `log` are defined. Returns its path. */
export function fakeFfmpeg(folder: string, body: string, version = "5.1.9"): string {
  const script = `#!${process.execPath}
const args = process.argv.slice(2);
const out = (data) => require("node:fs").writeSync(1, data);
const log = (text) => require("node:fs").writeSync(2, text + "\\n");
if (args.includes("-version")) out("ffmpeg version ${version} Copyright\\n");
else { ${body} }
`;
  const path = fileWith(folder, "ffmpeg.cjs", script);
  chmodSync(path, 0o755);
  return path;
}

/** The line that the filter `showinfo` prints before its first frame: the ticks are milliseconds. */
export const timeBase = "[Parsed_showinfo_1 @ 0x1] [info] config in time_base: 1/1000, frame_rate: 25/1";

/** The line that the filter `showinfo` prints for a frame. */
export function frameLine(n: number, pts: number | "NOPTS"): string {
  return `[Parsed_showinfo_1 @ 0x1] [info] n:   ${n} pts: ${pts} pts_time:0 pos: 48 fmt:yuv420p`;
}

const isInstalled = works();

function works(): boolean {
  try {
    execFileSync("ffmpeg", ["-version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Tests with the real ffmpeg. Their title says so where they are skipped. */
export function describeFfmpeg(name: string, tests: () => void): void {
  const title = isInstalled ? name : `${name} (skipped: ffmpeg is not installed)`;
  describe.skipIf(!isInstalled)(title, tests);
}

/** Makes a video with the real ffmpeg. */
export function makeVideo(...args: string[]): void {
  execFileSync("ffmpeg", ["-v", "error", "-nostdin", "-y", ...args]);
}
