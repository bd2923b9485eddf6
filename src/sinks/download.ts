/** Sink: downloads the contents of inputs to a folder, with a manifest. */

import { rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import { App } from "../client/app.js";
import { describeFile, readContent } from "../core/content.js";
import { InputError } from "../core/errors.js";
import { extensionFor, fileNameFor } from "../core/file-names.js";
import { type Content, type Input, kindOf, mediaOf } from "../core/input.js";
import type { Message } from "../core/message.js";
import { checkPath, parseOptions } from "../core/plugin.js";
import { Semaphore } from "../core/semaphore.js";
import { type MessageSink, messageSinkOperator } from "../core/sink-operator.js";
import { type Fetched, fetchToFile, writeBytes } from "./downloading/fetch-to-file.js";
import { Manifest } from "./downloading/manifest.js";

const Options = z.strictObject({
  /** App whose media these are. Default: the connected app that their addresses belong to; other addresses must be public. */
  app: z.instanceof(App).optional(),
  /** Most downloads at once. Default: 8. */
  concurrency: z.number().int().min(1).max(64).default(8),
  /** Times that a broken download is gone on with. Default: 4. */
  maxAttempts: z.number().int().min(1).default(4),
  /** Largest file that is accepted, in bytes. Default: 2,000,000,000. */
  maxBytes: z.number().positive().default(2_000_000_000),
  /** Longest wait between two pieces, in milliseconds. Default: 60,000. */
  timeoutMs: z.number().positive().default(60_000),
  /** Longest time for one file with all its tries, in milliseconds; what is there by then is gone on with in the next run. Default: 3,600,000. */
  deadlineMs: z.number().positive().default(3_600_000),
  /** Follows addresses in private networks. Default: false. */
  allowPrivate: z.boolean().default(false),
});
export type DownloadOptions = z.input<typeof Options>;

/**
 * Downloads the content of each input to a folder: images, video and audio byte for byte as they were uploaded, text as UTF-8. Of an image
 * with a text, both.
 *
 * Names are made from ids, never taken from a server, and end in an extension found by content. A file appears under its name when it is
 * whole; a broken download goes on where it stopped. Links that lie in the folder are not followed. `manifest.jsonl` in the folder gets one line for each file: id, kind, path, sizeBytes, sha256. Run
 * again, files that the manifest names and that are there in full size are not fetched again; those inputs settle as skipped.
 *
 * Several at once, so the order is that of completion. An input whose content cannot be had fails with its reason (ERR_HTTP_404,
 * ERR_DOWNLOAD_…); on an abort what is half there stays as `.part` and is gone on with in the next run.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) ERR_FILE_UNWRITABLE when the folder cannot be written
 * @example await flow(listInputs(app, { kinds: ["image"] })).pipe(download("./out")).run();
 */
export function download(
  folder: string,
  options: DownloadOptions = {},
): OperatorFunction<Message | readonly Message[], Message> {
  checkPath("download", folder);
  const checked = parseOptions("download", Options, options);
  return messageSinkOperator("download", () => new Downloader(folder, checked), `download to ${resolve(folder)}`);
}

/** One run of a download. */
class Downloader implements MessageSink {
  readonly name = "download";
  /** The semaphore bounds the work; a batch is spread over it. */
  readonly concurrency = Number.POSITIVE_INFINITY;
  readonly #folder: string;
  readonly #options: z.output<typeof Options>;
  readonly #slots: Semaphore;
  readonly #manifest: Manifest;

  constructor(folder: string, options: z.output<typeof Options>) {
    this.#folder = folder;
    this.#options = options;
    this.#slots = new Semaphore(options.concurrency);
    this.#manifest = new Manifest(folder);
  }

  open(): Promise<void> {
    return this.#manifest.open();
  }

  async write(messages: readonly Message[], { signal }: { signal: AbortSignal }): Promise<void> {
    await Promise.all(messages.map((message) => this.#slots.run(() => this.#downloadOne(message, signal))));
  }

  close(): Promise<void> {
    return this.#manifest.close();
  }

  async #downloadOne(message: Message, signal: AbortSignal): Promise<void> {
    try {
      signal.throwIfAborted();
      const fetched = await this.#downloadInput(message.value, signal);
      if (fetched === 0) message.skip("downloaded earlier", true);
    } catch (error) {
      signal.throwIfAborted();
      message.fail(error, this.name, this.#options.maxAttempts);
    }
  }

  /** Downloads what of an input is not there yet; gives back how many files that were. */
  async #downloadInput(input: Input, signal: AbortSignal): Promise<number> {
    const { id } = input;
    const media = mediaOf(input);
    let fetched = 0;
    if (kindOf(input) === undefined) throw new InputError("ERR_INPUT_EMPTY", "the input has no content");
    if (media && !(await this.#manifest.has(id, media.kind))) {
      await this.#store(id, media.kind, (path) => this.#fetch(media.content, path, signal));
      fetched += 1;
    }
    const hasText = input.text !== undefined || input.textUrl !== undefined;
    if (hasText && !(await this.#manifest.has(id, "text"))) {
      const { text, textUrl } = input;
      await this.#store(id, "text", (path) =>
        text === undefined
          ? this.#fetch({ url: textUrl as string }, path, signal)
          : writeBytes(path, Buffer.from(text)),
      );
      fetched += 1;
    }
    return fetched;
  }

  async #store(id: string, kind: string, write: (path: string) => Promise<Fetched>): Promise<void> {
    const partial = join(this.#folder, fileNameFor(id, `${kind}.part`));
    const fetched = await write(partial);
    const mimeType = kind === "text" ? "text/plain" : await typeOf(partial, fetched);
    const name = fileNameFor(id, extensionFor(mimeType));
    await rename(partial, join(this.#folder, name));
    await this.#manifest.add({ id, kind, path: name, sizeBytes: fetched.sizeBytes, sha256: fetched.sha256 });
  }

  async #fetch(content: Content, path: string, signal: AbortSignal): Promise<Fetched> {
    if ("path" in content || "bytes" in content) {
      return writeBytes(path, await readContent(content, signal));
    }
    return fetchToFile(content.hostedUrl ?? content.url, path, { ...this.#options, signal });
  }
}

async function typeOf(path: string, fetched: Fetched): Promise<string | undefined> {
  if (fetched.sizeBytes === 0) throw new InputError("ERR_DOWNLOAD_EMPTY", "the server sent no bytes");
  return (await describeFile(path)).content.mimeType;
}
