/** Sink: downloads the contents of inputs to a folder, with a manifest. */

import { hash } from "node:crypto";
import { join } from "node:path";
import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import { App, appOfMedia } from "../clarifai/client/app.js";
import { isUnchanged, replaces } from "../clarifai/download/existing-file.js";
import { fetchFile } from "../clarifai/download/fetch-file.js";
import { Manifest, type Recorded } from "../clarifai/download/manifest.js";
import type { PartialFile } from "../clarifai/download/partial-file.js";
import { PartialFiles } from "../clarifai/download/partial-files.js";
import type { Message } from "../core/accounting/message.js";
import type { RunContext, Traffic } from "../core/accounting/run-context.js";
import { diskTarget } from "../core/accounting/targets.js";
import { FlowError, InputError } from "../core/errors.js";
import { extensionFor, fileNameFor } from "../core/files/file-names.js";
import { mimeTypeOf, openContent } from "../core/input/content.js";
import { type Content, type Input, mediaOf, type UrlContent } from "../core/input/input.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/plugin.js";
import { type MessageSink, messageSinkOperator } from "../core/plugin/sink-operator.js";
import { announce } from "../core/plugin/stages.js";
import { Semaphore } from "../core/util/semaphore.js";
import { creationOf, digestOfLine, lineOf, type ManifestFile } from "../formats/manifest/line.js";

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
  /**
   * Makes `listInputs` read the annotations and datasets of its inputs, so that the manifest has them. Reading the datasets costs a request for every
   * 1000 members of each dataset of the app. Default: true.
   */
  wholeRecords: z.boolean().default(true),
});
/** Options of `download`. */
export type DownloadOptions = OptionsOf<typeof Options>;

/**
 * Downloads the content of each input to a folder: images, video and audio byte for byte as they were uploaded, text as UTF-8. Of an image
 * with a text, both.
 *
 * Names are made from ids, never taken from a server, and end in an extension found by content. A file appears under its name when it is
 * whole: when its length is right, also on disk, and its SHA-256 where the server tells it. Links that lie in the folder are not followed. A file that
 * another program put there under the same name is not overwritten; the input fails with ERR_FILE_EXISTS.
 *
 * `manifest.jsonl` in the folder gets one line for each input before it goes on: its files (path, sizeBytes, sha256) and the whole record (kind,
 * concepts, metadata, geo, annotations, datasets, status, times). `jsonl("out/manifest.jsonl")` reads it, so that `upload` puts all of it into another app.
 * Run again, files that the manifest names and that are there in full size are not fetched again, unless the input was made anew since. Where
 * a sink follows, such as `remove`, their SHA-256 is compared first. If nothing of the record has changed either, the input is skipped, or goes on
 * to the sink that follows; else it gets a new line, and the last line of an input counts.
 *
 * One process at a time downloads into a folder; another one is refused.
 *
 * Several at once, so the order is that of completion. A broken download goes on where it stopped, also in the next run, after an abort or a kill:
 * what came stays as `.part`, and is kept only while the server has the same content. An input whose content cannot be had fails with its
 * reason (ERR_HTTP_404, ERR_DOWNLOAD_…, ERR_FILE_UNWRITABLE; ERR_KIND_MISMATCH when a server sends a page for an image, video or audio).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) ERR_FILE_UNWRITABLE when the folder cannot be written; ERR_FOLDER_IN_USE
 * @example await flow(listInputs(app, { kinds: ["image"] })).pipe(download("./out")).run();
 */
export function download(
  folder: string,
  options: DownloadOptions = {},
): OperatorFunction<Message | readonly Message[], Message> {
  checkPath("download", folder);
  const checked = parseOptions("download", Options, options);
  const target = diskTarget("download to", folder);
  const operator = messageSinkOperator("download", () => new Downloader(folder, checked), target);
  return (input) => {
    if (checked.wholeRecords) announce({ kind: "wholeRecords" });
    return operator(input);
  };
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
  readonly undoesAborted = true;
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
  /** Inputs of one id take turns. */
  readonly #turns = new Map<string, Promise<unknown>>();
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
        return this.#inTurn(message.value.id, () => this.#downloadInput(message, signal));
      });
      if (written) await written.line;
      else message.doneBefore("downloaded earlier");
    } catch (error) {
      signal.throwIfAborted();
      const isFinal = error instanceof FlowError && !error.retryable;
      message.fail(error, this.name, isFinal ? 1 : this.#options.maxAttempts);
    }
  }

  async #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    while (this.#turns.has(id)) await this.#turns.get(id);
    const working = work();
    const turn = working.catch(() => undefined).finally(() => this.#turns.delete(id));
    this.#turns.set(id, turn);
    return working;
  }

  /** Downloads what of an input is not there yet; returns its line while that is being written, or nothing if all is as it was. */
  async #downloadInput(message: Message, signal: AbortSignal): Promise<Written | undefined> {
    signal.throwIfAborted();
    const input = message.value;
    const contents = contentsOf(input);
    if (contents.size === 0) throw new InputError("ERR_INPUT_EMPTY", "the input has no content");
    const known = this.#manifest.find(input.id);
    const files = new Map<string, ManifestFile>();
    let isNew = false;
    for (const [kind, content] of contents) {
      const kept = known && this.#reusable(known, kind, content, input);
      // A sink behind this one may delete what it came from: then the size alone does not vouch for the file.
      const there = kept && (message.isAtLastSink || (await isUnchanged(this.#folder, kept))) ? kept : undefined;
      if (!there && known?.current) throw twiceInRun(input.id);
      files.set(kind, there ?? (await this.#store(message, kind, content, known, signal)));
      isNew ||= !there;
    }
    const line = lineOf(input, files, (url) => isOwnUrl(url, this.#options.app));
    if (!isNew && known?.digest === digestOfLine(line)) return undefined;
    if (!isNew && known?.current) throw twiceInRun(input.id);
    if (this.#rehearses) return { line: Promise.resolve() };
    if (!isNew) message.note("its record was written anew, its file was there");
    return { line: this.#manifest.add(input.id, line, { files, creationOf: creationOf(input) }) };
  }

  /** The file of an earlier run that holds a content, if it still does. */
  #reusable(known: Recorded, kind: string, content: Content, input: Input): ManifestFile | undefined {
    const file = known.files.get(kind);
    if (!file || !this.#manifest.hasFile(file)) return undefined;
    if ("bytes" in content) return hash("sha256", content.bytes, "hex") === file.sha256 ? file : undefined;
    if ("path" in content) return (content.sizeBytes ?? file.sizeBytes) === file.sizeBytes ? file : undefined;
    const now = creationOf(input);
    return now === undefined || known.creationOf === undefined || now === known.creationOf ? file : undefined;
  }

  async #store(
    message: Message,
    kind: string,
    content: Content,
    known: Recorded | undefined,
    signal: AbortSignal,
  ): Promise<ManifestFile> {
    const { id } = message.value;
    if (this.#rehearses) {
      if ("url" in content) this.#traffic.requests += 1;
      return { path: "", sizeBytes: 0, sha256: "" };
    }
    return this.#partials.use(id, kind, async (file) => {
      const sha256 =
        "url" in content ? await this.#fetch(kind, content, file, signal) : await copy(content, file, signal);
      const { sizeBytes, head } = file;
      const mimeType = kind === "text" ? "text/plain" : await mimeTypeOf(head, sizeBytes, { kind });
      const path = fileNameFor(id, extensionFor(mimeType));
      const made: ManifestFile = { path, sizeBytes, sha256 };
      const isReplaced = await replaces(this.#folder, made, known);
      await file.place(join(this.#folder, path));
      if (isReplaced) message.note("replaced a file of an earlier download, which had other content");
      return made;
    });
  }

  #fetch(kind: string, content: UrlContent, file: PartialFile, signal: AbortSignal): Promise<string> {
    const options = { ...this.#options, isMedia: kind !== "text", signal, traffic: this.#traffic };
    return fetchFile(content.hostedUrl ?? content.url, file, options);
  }
}

/** The contents of an input by kind, the media first. */
function contentsOf(input: Input): Map<string, Content> {
  const contents = new Map<string, Content>();
  const media = mediaOf(input);
  if (media) contents.set(media.kind, media.content);
  if (input.text !== undefined) contents.set("text", { bytes: Buffer.from(input.text) });
  else if (input.textUrl !== undefined) contents.set("text", { url: input.textUrl });
  return contents;
}

/** Whether an address belongs to the app that keeps the content. */
function isOwnUrl(url: string, app: App | undefined): boolean {
  if (!URL.canParse(url)) return false;
  const address = new URL(url);
  return app?.trusts(address) === true || appOfMedia(address) !== undefined;
}

function twiceInRun(id: string): InputError {
  const text = `download: another input with the id "${id}", and with other content or another record, was downloaded in this run; use one folder for each app`;
  return new InputError("ERR_ID_IN_RUN", text);
}

/** Copies what is on this disk or in memory; gives back its SHA-256. */
async function copy(content: Content, file: PartialFile, signal: AbortSignal): Promise<string> {
  file.restart(undefined);
  for await (const bytes of openContent(content, signal)) await file.take(bytes);
  return file.sha256();
}
