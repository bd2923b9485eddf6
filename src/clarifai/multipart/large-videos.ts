/** Uploads videos that no request can carry: each as a zip with one entry, in parts, which the server unpacks. */

import { hash } from "node:crypto";
import type { Message } from "../../core/accounting/message.js";
import { InputError } from "../../core/errors.js";
import type { Input, ReadableContent } from "../../core/input/input.js";
import type { SinkRun } from "../../core/plugin/sink.js";
import { bytesText } from "../../core/util/format/format.js";
import { Semaphore } from "../../core/util/semaphore.js";
import { ApiError } from "../client/api-error.js";
import type { IngestFields } from "../client/app-types.js";
import { followJob, type IngestProgress } from "../jobs/follow-job.js";
import { limits } from "../limits.js";
import { asFatalToUpload, settleWith } from "../requests.js";
import { failureText } from "../upload/add-jobs.js";
import { type Accepted, type ConflictOptions, failIdTaken, settleFound } from "../upload/conflicts.js";
import { lookUpSuffixed } from "../upload/lookup.js";
import { contentHashKey } from "../wire/content-hash-key.js";
import { storedContentHash, type WireInput } from "../wire/decode-answers.js";
import { classify } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";
import { compareStored } from "./compare-stored.js";
import { multipartUpload } from "./multipart-upload.js";
import { partBody, partsOf } from "./part-body.js";
import { contentSource, type PartSource, withEnvelope } from "./part-source.js";
import { type VideoFacts, videoFacts } from "./video-facts.js";
import { zipEnvelope } from "./zip-envelope.js";

/** Videos that are uploaded at once. Each sends several parts at once. */
const concurrency = 2;
/** Jobs that are begun for one video: earlier ones failed, expired, or added an input that was deleted since. */
const maxJobs = 8;
/** Codes with which a server ends an upload that cannot be continued. */
const endedCodes: ReadonlySet<number | undefined> = new Set([statusCodes.UPLOAD_EXPIRED, statusCodes.UPLOAD_CONFLICT]);

const extensions: Readonly<Record<string, string>> = {
  "video/mp4": "mp4",
  "video/quicktime": "mov",
  "video/webm": "webm",
  "video/x-matroska": "mkv",
  "video/x-msvideo": "avi",
  "video/x-ms-wmv": "wmv",
  "video/3gpp": "3gp",
};

/** Returns the content of a video that is too large for a request; undefined for every other input. */
export function largeVideoOf({ video }: Input): ReadableContent | undefined {
  if (!video || "url" in video) return undefined;
  const sizeBytes = "bytes" in video ? video.bytes.byteLength : (video.sizeBytes ?? 0);
  return sizeBytes >= limits.maxItemBytes.video ? video : undefined;
}

export interface LargeVideoOptions extends ConflictOptions {
  /** Whether to wait until the video is processed. */
  wait: boolean;
  processingTimeoutMs: number;
}

/** Uploads the large videos of one run. */
export class LargeVideos {
  readonly #run: SinkRun;
  readonly #slots = new Semaphore(concurrency);
  readonly #sending = new Map<Message, { sent: number; total: number }>();

  constructor(run: SinkRun) {
    this.#run = run;
  }

  /** Describes what it is sending; undefined if it sends nothing. */
  waits(): string | undefined {
    const [first] = this.#sending;
    if (!first) return undefined;
    const [message, { sent, total }] = first;
    const more = this.#sending.size > 1 ? ` and ${this.#sending.size - 1} more` : "";
    return `upload in parts: ${bytesText(sent)} of ${bytesText(total)} of ${message.origin}${more}`;
  }

  /** Uploads a video. Returns its entry if the server has it; otherwise the message is settled. */
  async upload(message: Message, options: LargeVideoOptions): Promise<Accepted[]> {
    const accepted: Accepted[] = [];
    const { stage } = options;
    await this.#slots.run(async () => {
      try {
        await settleWith([message], stage, () => this.#uploadOne(message, accepted, options), asFatalToUpload);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        message.fail(error, stage);
      } finally {
        this.#sending.delete(message);
      }
    });
    return accepted;
  }

  async #uploadOne(message: Message, accepted: Accepted[], options: LargeVideoOptions): Promise<void> {
    const { app, hasher, signal } = options;
    const content = largeVideoOf(message.value) as ReadableContent; // the caller asked
    const facts = await videoFacts(content, hasher, signal);
    const [existing] = await app.listInputs({ ids: [message.value.id], signal });
    const state = existing && storedContentHash(existing) === facts.contentHash ? "same" : "other";
    const found = existing ? ({ state, input: existing } as const) : ({ state: "absent" } as const);
    const [missing] = await settleFound([message], [found], accepted, options);
    if (missing) await this.#send(message, content, facts, accepted, options);
  }

  async #send(
    message: Message,
    content: ReadableContent,
    facts: VideoFacts,
    accepted: Accepted[],
    options: LargeVideoOptions,
  ): Promise<void> {
    const { app, signal, clock, wait, processingTimeoutMs } = options;
    const { source, name } = zipOf(message.value, content, facts.crc32);
    for (let attempt = 1; attempt <= maxJobs; attempt += 1) {
      const fields = fieldsOf(message.value, facts, attempt, options.conflict === "suffix");
      const onSent = (sent: number) => void this.#sending.set(message, { sent, total: source.sizeBytes });
      onSent(0);
      const state = await multipartUpload(app, `${name}.zip`, source, fields, { signal, onSent }).catch(
        (error: unknown) => {
          if (error instanceof ApiError && endedCodes.has(error.status?.code)) return "ended" as const;
          throw error;
        },
      );
      if (state === "ended") continue;
      const { jobId } = fields;
      this.#run.setJob({ kind: "upload in parts", id: jobId, state: "accepted" });
      if (!wait && state === "open") return void accepted.push({ message, id: message.value.id, done: true });
      const onProgress = ({ state: now, counts }: IngestProgress) =>
        this.#run.setJob({ kind: "upload in parts", id: jobId, state: now, counts });
      const progress = await followJob(app, jobId, { clock, signal, timeoutMs: processingTimeoutMs, onProgress });
      if (await this.#settle(message, facts, progress, accepted, options, state === "open")) return;
    }
    const text = `${maxJobs} uploads of the video ended before it was there; give it another id, or remove its jobs`;
    throw new InputError("ERR_UPLOAD_FAILED", text, { retryable: true });
  }

  /** Settles a video by the end of its job. Returns false if the job added nothing that is there now, and this run did not send it. */
  async #settle(
    message: Message,
    facts: VideoFacts,
    { jobId, state, counts, failures }: IngestProgress,
    accepted: Accepted[],
    options: LargeVideoOptions,
    isOwn: boolean,
  ): Promise<boolean> {
    const { app, signal, stage, conflict, hasher } = options;
    const { id } = message.value;
    const [listed] = await app.listInputs({ ids: [id], signal });
    const isSame = listed !== undefined && storedContentHash(listed) === facts.contentHash;
    const stored = isSame || conflict !== "suffix" ? listed : await lookUpSuffixed(app, message, hasher, signal);
    if (stored && storedContentHash(stored) === facts.contentHash) {
      await accept(message, stored, facts, accepted, options);
    } else if (stored) {
      failIdTaken(message, stage);
    } else if (state === "queued" || state === "running" || state === "paused") {
      const reason = `all bytes are sent, and the job ${jobId} has not unpacked them yet`;
      message.settle({ state: "pending", reason });
    } else if (failures.length > 0 || counts.failed > 0) {
      const why = failures.length > 0 ? failures.join("; ") : "it counts the video as failed, without a reason";
      throw new InputError("ERR_UPLOAD_FAILED", `the server could not unpack the video (job ${jobId}): ${why}`);
    } else if (isOwn) {
      const text = `the server unpacked the video (job ${jobId}) and lists none with the id "${id}": it chose another id; find it by the content hash ${facts.contentHash} in its metadata`;
      throw new InputError("ERR_ID_NOT_KEPT", text);
    } else return false;
    return true;
  }
}

/** Accepts a stored video after comparing it. Its job has ended, so it is rarely still in progress. */
async function accept(
  message: Message,
  stored: WireInput,
  facts: VideoFacts,
  accepted: Accepted[],
  { app, signal }: LargeVideoOptions,
): Promise<void> {
  const { status } = stored;
  const meaning = status ? classify(status) : "ok";
  if (meaning === "progress") {
    message.settle({ state: "pending", reason: "all bytes are sent, and the video is still being processed" });
    return;
  }
  if (status && meaning !== "ok")
    throw new InputError(String(status.code), failureText(status), { retryable: meaning === "upload-again" });
  if (!(await compareStored(app, stored, facts, signal))) message.note("its stored size is not known");
  accepted.push({ message, id: stored.id, done: true });
}

/** Counts the requests of a large video for a dry run. */
export async function planLargeVideo(
  message: Message,
  { app, signal }: Pick<LargeVideoOptions, "app" | "signal">,
): Promise<Accepted> {
  const content = largeVideoOf(message.value) as ReadableContent; // the caller asked
  const { source, name } = zipOf(message.value, content, 0);
  await app.postInputsUploads([{ jobId: "dry-run", name: `${name}.zip`, sizeBytes: source.sizeBytes }], signal);
  for (const part of partsOf(source.sizeBytes)) await app.putContentParts("dry-run", partBody(source, part), signal);
  return { message, id: message.value.id, done: true };
}

/** Makes the zip of a video. Its entry is named by the id, because the server makes ids of names. */
function zipOf(input: Input, content: ReadableContent, checksum: number): { source: PartSource; name: string } {
  const name = `${input.id}.${extensions[content.mimeType ?? ""] ?? "mp4"}`;
  const source = contentSource(content);
  const { before, after } = zipEnvelope(name, source.sizeBytes, checksum);
  return { source: withEnvelope(source, before, after), name: input.id };
}

/** Makes the fields of the job. Its id depends on all that is asked for, so that a later run with the same wish finds the job. */
function fieldsOf(
  { id, concepts, metadata, geo, datasets }: Input,
  { contentHash, sha256 }: VideoFacts,
  attempt: number,
  addSuffix: boolean,
): IngestFields {
  const wish = { concepts, geo, datasets, metadata: { ...(metadata as Metadata), [contentHashKey]: contentHash } };
  const digest = hash("sha256", JSON.stringify([id, sha256, wish, addSuffix]), "hex").slice(0, 32);
  return { jobId: `sluice-${digest}-${attempt}`, conflict: addSuffix ? "suffix" : "skip", ...wish };
}

type Metadata = NonNullable<IngestFields["metadata"]>;
