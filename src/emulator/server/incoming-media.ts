/** The media of one request, on either wire: they go to files as they arrive. */

import type { MediaWriter, StoredMedia } from "../media/media-files.js";
import type { Services } from "../routes/context.js";
import type { MediaSink } from "./body-scanner.js";

export class IncomingMedia {
  readonly #services: Pick<Services, "files" | "store">;
  readonly #stored: StoredMedia[] = [];
  #storedBytes = 0;
  #writer: MediaWriter | undefined;

  constructor(services: Pick<Services, "files" | "store">) {
    this.#services = services;
  }

  /** Number of bytes that were written so far. */
  get sizeBytes(): number {
    return this.#storedBytes + (this.#writer?.sizeBytes ?? 0);
  }

  /** Opens the next medium. One medium must end before the next one is opened. */
  open(): MediaSink {
    const writer = this.#services.files.create();
    this.#writer = writer;
    return {
      write: (bytes) => writer.write(bytes),
      end: (valid) => {
        this.#stored.push(writer.finish(valid));
        this.#storedBytes += writer.sizeBytes;
        this.#writer = undefined;
        return `media:${this.#stored.length - 1}`;
      },
    };
  }

  /** Returns the medium of a placeholder. */
  find(placeholder: string): StoredMedia | undefined {
    return this.#stored[Number(/^media:(\d+)$/.exec(placeholder)?.[1] ?? -1)];
  }

  /** Deletes a file that is not complete, and releases the others. Files that no input uses are deleted. */
  release(): void {
    const { files, store } = this.#services;
    this.#writer?.discard();
    this.#writer = undefined;
    files.release(this.#stored.splice(0), (sha256) => store.usesMedia(sha256));
  }
}
