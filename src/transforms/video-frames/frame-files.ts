/** Frames of one video: the first ones in memory, further ones in files, so that the memory of a long video is bounded. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Content } from "../../core/input/input.js";

/** Bytes of the frames of one video that stay in memory. */
const maxBytesInMemory = 16_000_000;

/** A folder for the temporary files of one video. It is made when the first file needs it. */
export class TemporaryFolder {
  #path: Promise<string> | undefined;

  get exists(): boolean {
    return this.#path !== undefined;
  }

  path(): Promise<string> {
    this.#path ??= mkdtemp(join(tmpdir(), "sluice-frames-"));
    return this.#path;
  }

  async remove(): Promise<void> {
    const path = await this.#path;
    if (path !== undefined) await rm(path, { recursive: true, force: true });
  }
}

/** Collects the frames of one video. */
export class FrameFiles {
  readonly contents: Content[] = [];
  readonly #folder: TemporaryFolder;
  #bytes = 0;

  constructor(folder: TemporaryFolder) {
    this.#folder = folder;
  }

  /** Whether some frames are in files. */
  get hasFiles(): boolean {
    return this.#bytes > maxBytesInMemory;
  }

  async add(image: Buffer): Promise<void> {
    this.#bytes += image.length;
    if (!this.hasFiles) {
      this.contents.push({ bytes: new Uint8Array(image.buffer as ArrayBuffer, image.byteOffset, image.length) });
      return;
    }
    const path = join(await this.#folder.path(), `frame-${this.contents.length}`);
    await writeFile(path, image);
    this.contents.push({ path });
  }
}
