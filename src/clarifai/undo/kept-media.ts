/** Keeps the files of inputs that are about to be deleted. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Traffic } from "../../core/accounting/clients.js";
import { extensionFor, fileNameFor } from "../../core/files/file-names.js";
import { mimeTypeOf } from "../../core/input/describe.js";
import type { UrlContent } from "../../core/input/input.js";
import type { Kind } from "../../core/input/kinds.js";
import { Semaphore } from "../../core/util/semaphore.js";
import type { ManifestFile } from "../../formats/manifest/line.js";
import type { App } from "../client/app.js";
import { fetchFile } from "../download/fetch-file.js";
import { PartialFiles } from "../download/partial-files.js";

/** Files that are fetched at once. */
const concurrency = 8;
const fetching = { maxAttempts: 5, maxBytes: 5_000_000_000, timeoutMs: 60_000, deadlineMs: 3_600_000 };

export class KeptMedia {
  readonly traffic: Traffic = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
  readonly #app: App;
  readonly #folder: string;
  readonly #signal: AbortSignal;
  readonly #slots = new Semaphore(concurrency);
  readonly #partials: PartialFiles;
  /** Files that are being fetched, by id and kind: two batches with one input share the file. */
  readonly #fetching = new Map<string, Promise<ManifestFile>>();
  #opened: Promise<void> | undefined;

  constructor(app: App, folder: string, signal: AbortSignal) {
    this.#app = app;
    this.#folder = folder;
    this.#signal = signal;
    this.#partials = new PartialFiles(folder);
  }

  /**
   * Fetches the file of an input. Its name contains its SHA-256: if the input is added again with another file and deleted again, both are kept.
   *
   * @throws {InputError} as `fetchFile`
   */
  keep(id: string, kind: Kind, content: UrlContent): Promise<ManifestFile> {
    const key = `${kind}\n${id}`;
    const running = this.#fetching.get(key);
    if (running) return running;
    const fetched = this.#fetch(id, kind, content).finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, fetched);
    return fetched;
  }

  async #fetch(id: string, kind: Kind, content: UrlContent): Promise<ManifestFile> {
    this.#opened ??= mkdir(this.#folder, { recursive: true, mode: 0o700 }).then(() => this.#partials.open());
    await this.#opened;
    return this.#slots.run(() =>
      this.#partials.use(id, kind, async (file) => {
        const isMedia = kind !== "text";
        const authorize = (url: URL) => this.#app.authorize(url);
        const { signal, traffic } = { signal: this.#signal, traffic: this.traffic };
        const options = { ...fetching, authorize, isMedia, allowPrivate: false, signal, traffic };
        const sha256 = await fetchFile(content.hostedUrl ?? content.url, file, options);
        const { sizeBytes, head } = file;
        const mimeType = isMedia ? await mimeTypeOf(head, sizeBytes, { kind }) : "text/plain";
        const path = fileNameFor(id, `${sha256.slice(0, 12)}.${extensionFor(mimeType)}`);
        await file.place(join(this.#folder, path));
        return { path, sizeBytes, sha256 };
      }),
    );
  }
}
