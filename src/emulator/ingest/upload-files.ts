/** The files of uploads in parts: each part is written at its place. */

import { closeSync, constants, mkdirSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const copyBytes = 1024 * 1024;

export class UploadFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, "uploads");
    mkdirSync(this.#folder, { recursive: true });
  }

  pathOf(upload: number): string {
    return join(this.#folder, String(upload));
  }

  /** Copies a file to a place in the file of an upload. */
  write(upload: number, start: number, from: string): void {
    const source = openSync(from, "r");
    try {
      const target = openSync(this.pathOf(upload), constants.O_RDWR | constants.O_CREAT);
      try {
        const buffer = Buffer.allocUnsafe(copyBytes);
        for (let at = 0; ; ) {
          const read = readSync(source, buffer, 0, copyBytes, at);
          if (read === 0) return;
          for (let done = 0; done < read; ) done += writeSync(target, buffer, done, read - done, start + at + done);
          at += read;
        }
      } finally {
        closeSync(target);
      }
    } finally {
      closeSync(source);
    }
  }

  remove(upload: number): void {
    rmSync(this.pathOf(upload), { force: true });
  }
}
