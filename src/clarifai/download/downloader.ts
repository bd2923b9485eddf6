/** One run of a download: fetches what a folder does not have, and records it in the manifest. */

import { hash } from "node:crypto";
import { join } from "node:path";
import type { Authorize, Traffic } from "../../core/accounting/clients.js";
import type { Message } from "../../core/accounting/message.js";
import { FlowError, InputError } from "../../core/errors.js";
import { extensionFor, fileNameFor } from "../../core/files/file-names.js";
import { mimeTypeOf, openContent } from "../../core/input/content.js";
import { type Content, type Input, mediaOf, type UrlContent } from "../../core/input/input.js";
import type { SinkRun } from "../../core/plugin/sink.js";
import { Semaphore } from "../../core/util/semaphore.js";
import { creationOf, digestOfLine, lineOf, type ManifestFile } from "../../formats/manifest/line.js";
import type { App } from "../client/app.js";
import { isUnchanged, replaces } from "./existing-file.js";
import { fetchFile } from "./fetch-file.js";
import { Manifest, type Recorded } from "./manifest.js";
import type { PartialFile } from "./partial-file.js";
import { PartialFiles } from "./partial-files.js";

/** Inputs that wait for their turn; reading more of them ahead would only cost memory. */
const enoughWaiting = 256;

/** A file that is in its place, and its line, which is written with others; as a promise by itself it would be waited for at once. */
interface Written {
  line: Promise<void>;
}

/** Options of a download, with their defaults; see `download`. */
export interface DownloaderOptions {
  app?: App | undefined;
  concurrency: number;
  maxAttempts: number;
  maxBytes: number;
  timeoutMs: number;
  deadlineMs: number;
  allowPrivate: boolean;
}

/** One run of a download. */
export class Downloader {
  readonly name = "download";
  readonly #folder: string;
  readonly #options: DownloaderOptions;
  /** Whether it is a dry run: files are counted, and none is fetched or written. */
  readonly #dryRun: boolean;
  readonly #authorize: Authorize;
  readonly #slots: Semaphore;
  readonly #manifest: Manifest;
  readonly #partials: PartialFiles;
  readonly #traffic: Traffic = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
  readonly #running = new Set<Promise<unknown>>();
  /** Inputs of one id take turns. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #waiting = 0;

  private constructor(folder: string, options: DownloaderOptions, { dryRun, run }: { dryRun: boolean; run: SinkRun }) {
    const { app } = options;
    this.#dryRun = dryRun;
    this.#folder = folder;
    this.#options = options;
    this.#authorize = (url) => app?.authorize(url) ?? run.authorize(url);
    this.#slots = new Semaphore(options.concurrency);
    this.#manifest = new Manifest(folder);
    this.#partials = new PartialFiles(folder);
    run.watch({ counts: this.#traffic });
    run.onSaturated(() => this.#waiting >= enoughWaiting);
  }

  /** Opens the folder: its manifest, and the partial files that earlier runs left. A dry run only reads the manifest. */
  static async open(
    folder: string,
    options: DownloaderOptions,
    context: { dryRun: boolean; run: SinkRun },
  ): Promise<Downloader> {
    const downloader = new Downloader(folder, options, context);
    if (context.dryRun) await downloader.#manifest.look();
    else {
      await downloader.#manifest.open();
      await downloader.#partials.open();
    }
    return downloader;
  }

  async write(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    await Promise.all(
      messages.map((message) => {
        const work = this.#downloadOne(message, signal);
        this.#running.add(work);
        return work.finally(() => this.#running.delete(work));
      }),
    );
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
    const line = lineOf(input, files, (url) => this.#isOwnUrl(url));
    if (!isNew && known?.digest === digestOfLine(line)) return undefined;
    if (!isNew && known?.current) throw twiceInRun(input.id);
    if (this.#dryRun) return { line: Promise.resolve() };
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
    if (this.#dryRun) {
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

  /** Whether an address belongs to the app that keeps the content. */
  #isOwnUrl(url: string): boolean {
    return URL.canParse(url) && this.#authorize(new URL(url)) !== undefined;
  }

  #fetch(kind: string, content: UrlContent, file: PartialFile, signal: AbortSignal): Promise<string> {
    const options = {
      ...this.#options,
      authorize: this.#authorize,
      isMedia: kind !== "text",
      signal,
      traffic: this.#traffic,
    };
    return fetchFile(content.hostedUrl ?? content.url, file, options).catch((error: unknown) => {
      throw withHint(error);
    });
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

/** Codes of an address that may belong to an app whose credential the run does not know. */
const refusedCodes = new Set(["ERR_ADDRESS_PRIVATE", "ERR_HTTP_401", "ERR_HTTP_403"]);

function withHint(error: unknown): unknown {
  if (!(error instanceof InputError) || !refusedCodes.has(error.code)) return error;
  const text = `${error.message}; if it is stored in an app, pass the app: download(folder, { app })`;
  return new InputError(error.code, text, { retryable: error.retryable, cause: error });
}
