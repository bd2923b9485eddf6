/** Sink: downloads the contents of inputs to a folder, with a manifest. */

import { join } from "node:path";
import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import { App } from "../client/app.js";
import { mimeTypeOf, openContent } from "../core/content.js";
import { FlowError, InputError } from "../core/errors.js";
import { extensionFor, fileNameFor } from "../core/file-names.js";
import { type Content, type Input, kindOf, mediaOf, type UrlContent } from "../core/input.js";
import type { Message } from "../core/message.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin.js";
import type { RunContext, Traffic } from "../core/run-context.js";
import { Semaphore } from "../core/semaphore.js";
import { type MessageSink, messageSinkOperator } from "../core/sink-operator.js";
import { diskTarget } from "../core/targets.js";
import { fetchFile } from "./downloading/fetch-file.js";
import { Manifest } from "./downloading/manifest.js";
import type { PartialFile } from "./downloading/partial-file.js";
import { PartialFiles } from "./downloading/partial-files.js";

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
/** Options of `download`. */
export type DownloadOptions = OptionsOf<typeof Options>;

/**
 * Downloads the content of each input to a folder: images, video and audio byte for byte as they were uploaded, text as UTF-8. Of an image
 * with a text, both.
 *
 * Names are made from ids, never taken from a server, and end in an extension found by content. A file appears under its name when it is
 * whole: when its length is right, and its SHA-256 where the server tells it. Links that lie in the folder are not followed. `manifest.jsonl` in
 * the folder gets one line for each file (id, kind, path, sizeBytes, sha256) before its input goes on. Run again, files that the manifest names
 * and that are there in full size are not fetched again; those inputs settle as skipped.
 *
 * Several at once, so the order is that of completion. A broken download goes on where it stopped, also in the next run, after an abort or a kill:
 * what came stays as `.part`, and is kept only while the server has the same content. An input whose content cannot be had fails with its
 * reason (ERR_HTTP_404, ERR_DOWNLOAD_…, ERR_FILE_UNWRITABLE).
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
  return messageSinkOperator("download", () => new Downloader(folder, checked), diskTarget("download to", folder));
}

/** Inputs that wait for their turn; reading more of them ahead would only cost memory. */
const enoughWaiting = 256;

/** A file that is in its place, and its line, which is written with others; as a promise by itself it would be waited for at once. */
interface Written {
  line: Promise<void>;
}

/** One run of a download. */
class Downloader implements MessageSink {
  readonly name = "download";
  /** The semaphore bounds the work; a batch is spread over it. */
  readonly concurrency = Number.POSITIVE_INFINITY;
  readonly #folder: string;
  readonly #options: z.output<typeof Options>;
  /** It is a plan: files are counted, and none is fetched or written. */
  readonly #rehearses: boolean;
  readonly #slots: Semaphore;
  readonly #manifest: Manifest;
  readonly #partials: PartialFiles;
  readonly #traffic: Traffic = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
  readonly #running = new Set<Promise<unknown>>();
  #context: RunContext | undefined;
  #waiting = 0;

  constructor(folder: string, options: z.output<typeof Options>, rehearses = false) {
    this.#rehearses = rehearses;
    this.#folder = folder;
    this.#options = options;
    this.#slots = new Semaphore(options.concurrency);
    this.#manifest = new Manifest(folder);
    this.#partials = new PartialFiles(folder);
  }

  rehearsal(): MessageSink {
    return new Downloader(this.#folder, this.#options, true);
  }

  async open(): Promise<void> {
    if (this.#rehearses) return this.#manifest.look();
    await this.#manifest.open();
    await this.#partials.open();
  }

  async write(messages: readonly Message[], { signal }: { signal: AbortSignal }): Promise<void> {
    this.#begin(messages[0]?.context);
    await Promise.all(
      messages.map((message) => {
        const work = this.#downloadOne(message, signal);
        this.#running.add(work);
        return work.finally(() => this.#running.delete(work));
      }),
    );
  }

  /** Tells the flow when enough inputs wait for their turn. */
  #begin(context: RunContext | undefined): void {
    if (!context || this.#context === context) return;
    this.#context = context;
    context.watch({ counts: this.#traffic, waits: () => undefined });
    context.gate.onSated(() => this.#waiting >= enoughWaiting);
  }

  /** After an early stop, what is half there is put away first. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#running]);
    await this.#manifest.close();
  }

  async #downloadOne(message: Message, signal: AbortSignal): Promise<void> {
    this.#waiting += 1;
    try {
      const written = await this.#slots.run(() => {
        this.#waiting -= 1;
        return this.#downloadInput(message.value, signal);
      });
      if (written.length === 0) message.skip("downloaded earlier", true);
      for (const { line } of written) await line;
    } catch (error) {
      signal.throwIfAborted();
      const isFinal = error instanceof FlowError && !error.retryable;
      message.fail(error, this.name, isFinal ? 1 : this.#options.maxAttempts);
    }
  }

  /** Downloads what of an input is not there yet; gives back the lines that are then being written. */
  async #downloadInput(input: Input, signal: AbortSignal): Promise<Written[]> {
    signal.throwIfAborted();
    const { id, text, textUrl } = input;
    const media = mediaOf(input);
    const written: Written[] = [];
    if (kindOf(input) === undefined) throw new InputError("ERR_INPUT_EMPTY", "the input has no content");
    if (media && !this.#manifest.has(id, media.kind)) {
      written.push(await this.#store(id, media.kind, media.content, signal));
    }
    const hasText = text !== undefined || textUrl !== undefined;
    if (hasText && !this.#manifest.has(id, "text")) {
      const content = text === undefined ? { url: textUrl as string } : { bytes: Buffer.from(text) };
      written.push(await this.#store(id, "text", content, signal));
    }
    return written;
  }

  async #store(id: string, kind: string, content: Content, signal: AbortSignal): Promise<Written> {
    if (this.#rehearses) {
      if ("url" in content) this.#traffic.requests += 1;
      return { line: Promise.resolve() };
    }
    return this.#partials.use(id, kind, async (file) => {
      const sha256 = "url" in content ? await this.#fetch(content, file, signal) : await copy(content, file, signal);
      const { sizeBytes, head } = file;
      const mimeType = kind === "text" ? "text/plain" : await mimeTypeOf(head, sizeBytes);
      const path = fileNameFor(id, extensionFor(mimeType));
      await file.place(join(this.#folder, path));
      return { line: this.#manifest.add({ id, kind, path, sizeBytes, sha256 }) };
    });
  }

  #fetch(content: UrlContent, file: PartialFile, signal: AbortSignal): Promise<string> {
    return fetchFile(content.hostedUrl ?? content.url, file, { ...this.#options, signal, traffic: this.#traffic });
  }
}

/** Copies what is on this disk or in memory; gives back its SHA-256. */
async function copy(content: Content, file: PartialFile, signal: AbortSignal): Promise<string> {
  file.restart(undefined);
  for await (const bytes of openContent(content, signal)) await file.take(bytes);
  return file.sha256();
}
