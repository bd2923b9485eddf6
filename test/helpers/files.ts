/** Makes temporary folders and files, and lists the files that this process has open. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll } from "vitest";

/** Makes an empty folder that is removed after the tests of the file. Inside of a test, use `temporaryFolder`. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

let written = 0;

/** Makes a new folder in `parent` with these files, and returns its path. */
export function folderWith(parent: string, files: Record<string, string | Uint8Array>): string {
  written += 1;
  const folder = join(parent, `files-${written}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

/** Writes one file into a new folder in `parent`, and returns the path of the file. */
export function fileWith(parent: string, name: string, content: string | Uint8Array): string {
  return join(folderWith(parent, { [name]: content }), name);
}

/** Makes a JPEG of one colour. */
export function jpeg(width = 32, height = 24, background = "#4a7fb5"): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

/** Returns the path of a file of the example data. */
export function example(name: string): string {
  return join(import.meta.dirname, "../../examples/data", name);
}

export function exampleBytes(name: string): Buffer {
  return readFileSync(example(name));
}

/** Returns the paths in `folder` that this process has open. */
export function openIn(folder: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return [];
    }
  });
}
