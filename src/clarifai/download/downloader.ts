/** One run of a download: fetches files that a folder does not have, and records them in the manifest. */

import { hash } from "node:crypto";
import { join } from "node:path";
import type { Authorize, Traffic } from "../../core/accounting/clients.js";
import type { Message } from "../../core/accounting/message.js";
import { FlowError, InputError } from "../../core/errors.js";
import { extensionFor, fileNameFor } from "../../core/files/file-names.js";
import { openContent } from "../../core/input/content.js";
import { mimeTypeOf } from "../../core/input/describe.js";
import { type Content, type Input, mediaOf, type UrlContent } from "../../core/input/input.js";
import type { ProxyFor } from "../../core/net/proxy/proxies.js";
import type { SinkRun } from "../../core/plugin/sink.js";
import { Semaphore } from "../../core/util/semaphore.js";
import { creationOf, digestOfLine, lineOf, type ManifestFile } from "../../formats/manifest/line.js";
import type { App } from "../client/app.js";
import { original, renditionUrl } from "../wire/decode-answers.js";
import { isUnchanged, replaces } from "./existing-file.js";
import { fetchFile } from "./fetch-file.js";
import { Manifest, type Recorded } from "./manifest.js";
import type { PartialFile } from "./partial-file.js";
import { PartialFiles } from "./partial-files.js";

/** Maximum number of inputs that wait for a download slot. More would only use memory. */
const maxWaiting = 256;

/** An input whose files are complete. The object keeps `await` from also waiting for the line, which is written together with others. */
interface Downloaded {
  lineWritten: Promise<void>;
}

/** Options of a download, with their defaults; see `download`. */
export interface DownloaderOptions {
  app?: App | undefined;
  concurrency: number;
  maxAttempts: number;
  maxBytes: number;
  timeoutMs: number;
  deadlineMs: number;
  /** Name of the rendition of media that is downloaded. */
  rendition: string;
  allowPrivate: boolean;
  /** Finds the proxy of a server without a credential. Default: no proxies. */
  proxyFor?: ProxyFor | undefined;
}

/** One run of a download. */
export class Downloader {
  readonly name = "download";
  readonly #folder: string;
  readonly #options: DownloaderOptions;
  /** Whether it is a dry run, which counts files and neither fetches nor writes any. */
  readonly #dryRun: boolean;
  readonly #authorize: Authorize;
  readonly #slots: Semaphore;
  readonly #manifest: Manifest;
  readonly #partials: PartialFiles;
  readonly #traffic: Traffic = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
  readonly #running = new Set<Promise<unknown>>();
  /** The download of each id; inputs of one id are downloaded one after the other. */
  readonly #downloads = new Map<string, Promise<unknown>>();
  #waiting = 0;

  private constructor(folder: string, options: DownloaderOptions, { dryRun, run }: { dryRun: boolean; run: SinkRun }) {
    const { app } = options;
    this.#dryRun = dryRun;
    this.#folder = folder;
    this.#options = options;
    this.#authorize = (url) => app?.authorize(url) ?? run.authorize(url);
    this.#slots = new Semaphore(options.concurrency);
    this.#manifest = new Manifest(folder, options.rendition);
    this.#partials = new PartialFiles(folder);
    run.watch({ counts: this.#traffic });
    run.onSaturated(() => this.#waiting >= maxWaiting);
  }

  /** Opens the folder: the manifest, and the partial files of earlier runs. A dry run only reads the manifest. */
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

  /** Downloads the contents of messages; resolves when each is downloaded or settled. */
  async write(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    await Promise.all(
      messages.map((message) => {
        const work = this.#downloadOne(message, signal);
        this.#running.add(work);
        return work.finally(() => this.#running.delete(work));
      }),
    );
  }

  /** Waits until running downloads have stored their partial files, and closes the manifest. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#running]);
    await this.#manifest.close();
  }

  async #downloadOne(message: Message, signal: AbortSignal): Promise<void> {
    this.#waiting += 1;
    try {
      const downloaded = await this.#slots.run(() => {
        this.#waiting -= 1;
        return this.#oneAtATime(message.value.id, () => this.#downloadInput(message, signal));
      });
      if (downloaded) await downloaded.lineWritten;
      else message.doneBefore("downloaded earlier");
    } catch (error) {
      signal.throwIfAborted();
      const isFinal = error instanceof FlowError && !error.retryable;
      message.fail(error, this.name, isFinal ? 1 : this.#options.maxAttempts);
    }
  }

  async #oneAtATime<T>(id: string, download: () => Promise<T>): Promise<T> {
    while (this.#downloads.has(id)) await this.#downloads.get(id);
    const result = download();
    const ended = result.catch(() => undefined).finally(() => this.#downloads.delete(id));
    this.#downloads.set(id, ended);
    return result;
  }

  /** Downloads the missing files of an input and adds its line to the manifest. Returns undefined if neither files nor record changed. */
  async #downloadInput(message: Message, signal: AbortSignal): Promise<Downloaded | undefined> {
    signal.throwIfAborted();
    const input = message.value;
    const { rendition } = this.#options;
    const contents = contentsOf(input, rendition);
    if (contents.size === 0) throw new InputError("ERR_INPUT_EMPTY", "the input has no content");
    const known = this.#manifest.find(input.id);
    const files = new Map<string, ManifestFile>();
    let isNew = false;
    for (const [kind, content] of contents) {
      const file = known && this.#reusable(known, kind, content, input);
      // The next sink may delete the original, so the size alone does not prove that the file is complete.
      const isUsable = file && (message.isAtLastSink || (await isUnchanged(this.#folder, file)));
      if (!isUsable && known?.current) throw sameIdInRun(input.id);
      files.set(kind, isUsable ? file : await this.#store(message, kind, content, known, signal));
      isNew ||= !isUsable;
    }
    const line = lineOf(input, files, {
      isOwnUrl: (url) => this.#isOwnUrl(url),
      rendition: rendition === original ? undefined : rendition,
    });
    if (!isNew && known?.digest === digestOfLine(line)) return undefined;
    if (!isNew && known?.current) throw sameIdInRun(input.id);
    if (this.#dryRun) return { lineWritten: Promise.resolve() };
    if (!isNew) message.note("wrote its record again; its file already existed");
    return { lineWritten: this.#manifest.add(input.id, line, { files, creationOf: creationOf(input) }) };
  }

  /** Returns the file of an earlier download that has the content; undefined if it changed or does not exist. */
  #reusable(known: Recorded, kind: string, content: Content, input: Input): ManifestFile | undefined {
    const file = known.files.get(kind);
    if (!file || !this.#manifest.hasFile(file)) return undefined;
    if ("bytes" in content) return hash("sha256", content.bytes, "hex") === file.sha256 ? file : undefined;
    if (!("url" in content) && (content.sizeBytes ?? file.sizeBytes) !== file.sizeBytes) return undefined;
    if ("path" in content) return file;
    const now = creationOf(input);
    return now === undefined || known.creationOf === undefined || now === known.creationOf ? file : undefined;
  }

  /** Fetches or copies a content into a partial file, and gives that its final name. */
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
      // The rendition of a video may be a picture of it.
      const hint = this.#options.rendition === original ? { kind } : {};
      const mimeType = kind === "text" ? "text/plain" : await mimeTypeOf(head, sizeBytes, hint);
      const path = fileNameFor(id, extensionFor(mimeType));
      const stored: ManifestFile = { path, sizeBytes, sha256 };
      const isReplaced = await replaces(this.#folder, stored, known);
      await file.place(join(this.#folder, path));
      if (isReplaced) message.note("replaced a file of an earlier download that had other content");
      return stored;
    });
  }

  /** Whether a URL belongs to the app that stores the content. */
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

/** Returns the contents of an input by kind, media first, with the address of their rendition. @throws {InputError} ERR_RENDITION */
function contentsOf(input: Input, rendition: string): Map<string, Content> {
  const contents = new Map<string, Content>();
  const media = mediaOf(input);
  if (media) contents.set(media.kind, inRendition(media.kind, media.content, rendition));
  else if (rendition !== original) throw noRendition("text", [], rendition);
  if (input.text !== undefined) contents.set("text", { bytes: Buffer.from(input.text) });
  else if (input.textUrl !== undefined) contents.set("text", { url: input.textUrl });
  return contents;
}

function inRendition(kind: string, content: Content, rendition: string): Content {
  if (rendition === original) return content;
  const url = "url" in content ? renditionUrl(content, rendition) : undefined;
  if (url !== undefined) return { url };
  throw noRendition(kind, "url" in content ? (content.renditions ?? []) : [], rendition);
}

function noRendition(kind: string, renditions: readonly string[], asked: string): InputError {
  const existing = renditions.length > 0 ? `it has ${renditions.join(", ")} and the original` : "it has none";
  return new InputError("ERR_RENDITION", `the ${kind} has no rendition "${asked}"; ${existing}`);
}

function sameIdInRun(id: string): InputError {
  const text = `download: this run already downloaded a different input with the id "${id}"; use one folder per app`;
  return new InputError("ERR_ID_IN_RUN", text);
}

/** Copies a content from disk or memory. Returns its SHA-256. */
async function copy(content: Content, file: PartialFile, signal: AbortSignal): Promise<string> {
  file.restart(undefined);
  for await (const bytes of openContent(content, signal)) await file.take(bytes);
  return file.sha256();
}

/** Codes of URLs that may belong to an app whose credential the run does not have. */
const refusedCodes = new Set(["ERR_ADDRESS_PRIVATE", "ERR_HTTP_401", "ERR_HTTP_403"]);

function withHint(error: unknown): unknown {
  if (!(error instanceof InputError) || !refusedCodes.has(error.code)) return error;
  const text = `${error.message}; if an app stores the content, pass the app: download(folder, { app })`;
  return new InputError(error.code, text, { retryable: error.retryable, cause: error });
}
