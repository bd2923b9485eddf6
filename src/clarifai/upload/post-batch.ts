/** Posting: sends a batch until each of its inputs is accepted or settled. */

import type { Message } from "../../core/accounting/message.js";
import { type FlowError, InputError } from "../../core/errors.js";
import { again, fail, ok, retry, unknown, type Verdict } from "../../core/net/retry.js";
import type { SinkRun } from "../../core/plugin/sink.js";
import { uploadPolicyOf } from "../batch-policy.js";
import { checkContent } from "../check-limits.js";
import { ApiError } from "../client/api-error.js";
import { answersTo, asFatalToUpload } from "../requests.js";
import type { WireInput } from "../wire/decode-answers.js";
import { ContentChangedError } from "../wire/media-reader.js";
import { classify, mayBeOneItem, statusText } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";
import type { UploadWire, WireName } from "../wire/upload-wire.js";
import type { Accepted, ConflictOptions } from "./conflicts.js";
import { lookUpArrived, reconcileDuplicates, reconcileUnnamed } from "./reconcile.js";

export interface PostOptions extends ConflictOptions {
  jobId: string;
  /** Longest time that an input is sent again after answers that may pass or are lost, in milliseconds. */
  retryForMs: number;
  /** Asks the platform to choose other ids. It renames every input of the request, so this is only for inputs whose ids exist already. */
  suffix?: boolean | undefined;
  /** Reports a request with so many inputs, for the progress. */
  startRequest?: SinkRun["startRequest"] | undefined;
  /** Called with the wire of each request. */
  onWire?: ((name: WireName) => void) | undefined;
}

/** A batch is halved after so many lost answers. A single input is sent again until `retryForMs` is over. */
const lostBeforeSplit = 4;

/**
 * Posts messages and returns those that the server accepted; all others are settled.
 *
 * It repeats only what can succeed. If an answer is lost, it looks the ids up: an input that exists with the same content hash counts as accepted, and
 * only absent inputs are sent again. A refusal that one input may have caused is narrowed down by halves. A file that changed fails alone.
 *
 * @throws {SinkError} when the account or the key cannot upload at all
 */
export async function postBatch(messages: readonly Message[], options: PostOptions): Promise<Accepted[]> {
  return new BatchPost(messages, options).run();
}

type Why = "items" | "changed" | "lost";

/** What an answer says about one input. */
type ItemVerdict =
  | { verdict: "accepted"; id: string; done: boolean }
  | { verdict: "retry" | "fail"; error: FlowError }
  | { verdict: "duplicate" | "unnamed" };

/** Posts one batch. Each attempt takes four steps: send, verdict, reconcile, process. */
class BatchPost {
  readonly #options: PostOptions;
  readonly #accepted: Accepted[] = [];
  /** Messages that are still to be sent. */
  #rest: Message[];
  #attempts = 0;
  /** Bytes of the last request. */
  #sentBytes = 0;
  #lostAnswers = 0;
  /** Since when the server has been refusing an input for now. */
  readonly #refusedSince = new Map<Message, number>();
  /** Answers that call ids duplicates, or leave inputs out. */
  #incompleteAnswers = 0;
  /** Messages that were sent, and absent in a lookup. The server may have added them a moment later. */
  readonly #sentBefore = new Set<Message>();

  constructor(messages: readonly Message[], options: PostOptions) {
    this.#options = options;
    this.#rest = encodable(messages, options);
  }

  async run(): Promise<Accepted[]> {
    const { app, clock, signal, retryForMs, stage } = this.#options;
    const { pacer } = app.transport;
    if (this.#rest.length === 0) return this.#accepted;
    try {
      return await retry<Accepted[], Why>((attempts) => this.#attempt(attempts), {
        rules: {
          items: { pause: ({ attempts }) => pacer.pause(attempts, signal) },
          changed: { pause: async () => undefined },
          lost: { retryForMs, pause: ({ failures }) => pacer.pause(failures, signal) },
        },
        clock,
        signal,
        verdictOf: (error) => this.#verdictOfError(error),
        reconcile: (error) => this.#reconcileLost(error),
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      for (const message of this.#rest) message.fail(error, stage, Math.max(this.#attempts, error.attempts));
      return this.#accepted;
    }
  }

  async #attempt(attempts: number): Promise<Verdict<Accepted[], Why>> {
    if (this.#fitting() < this.#rest.length) return this.#postInParts();
    const sent = this.#rest;
    const answers = await this.#send(attempts);
    const verdicts = this.#verdicts(sent, answers);
    await this.#reconcile(sent, verdicts);
    return this.#process(sent, verdicts);
  }

  // Step 1: send.

  async #send(attempts: number): Promise<WireInput[]> {
    const { app, jobId, suffix, hasher, signal, startRequest } = this.#options;
    this.#attempts = attempts;
    if (attempts > 1) app.transport.counts.retries += 1;
    const { name, measure, body } = this.#wire();
    this.#options.onWire?.(name);
    const encoded = this.#rest.map((message) => message.measured(measure));
    const { userId, appId } = app;
    const request = body({ userId, appId, jobId, suffix }, encoded, hasher);
    this.#sentBytes = request.length;
    const progress = startRequest?.(encoded.length);
    request.onSent = (bytes) => progress?.sent(bytes / request.length);
    try {
      const { inputs } = await app.postInputs(request, signal);
      return inputs;
    } finally {
      progress?.end();
    }
  }

  /** Cuts the messages into requests that the wire can carry: a server may have refused one that was too large, or the wire may have changed. */
  async #postInParts(): Promise<Verdict<Accepted[], Why>> {
    while (this.#rest.length > 0) {
      const part = this.#rest.slice(0, this.#fitting());
      this.#rest = this.#rest.slice(part.length);
      this.#accepted.push(...(await postBatch(part, this.#options)));
    }
    return ok(this.#accepted);
  }

  #wire(): UploadWire {
    return this.#options.app.wire.wireFor(this.#rest);
  }

  /** Returns how many of the messages fit into the next request, at least one. */
  #fitting(): number {
    const { wire } = this.#options.app;
    const { envelopeBytes = 0, separatorBytes = 0 } = uploadPolicyOf(wire);
    const { measure } = this.#wire();
    let bytes = envelopeBytes;
    let count = 0;
    for (const message of this.#rest) {
      bytes += message.measured(measure).bytes + separatorBytes;
      if (bytes > wire.groupBytes) return Math.max(1, count);
      count += 1;
    }
    return this.#rest.length;
  }

  // Step 2: verdict, of each input and of the request.

  /** Returns the verdict of each message that was sent, in their order. */
  #verdicts(sent: readonly Message[], answers: readonly WireInput[]): ItemVerdict[] {
    const ids = sent.map((message) => message.value.id);
    const answered = answersTo(ids, answers);
    const isNamed = answers.length > 0; // a success that names no inputs means all of them
    return sent.map((message, index) => {
      const answer = answered[index];
      if (!answer && isNamed) return { verdict: "unnamed" };
      return itemVerdict(message, answer, () => this.#mayRetry(message));
    });
  }

  #mayRetry(message: Message): boolean {
    const { clock, retryForMs } = this.#options;
    const now = clock.now();
    const since = this.#refusedSince.get(message) ?? now;
    this.#refusedSince.set(message, since);
    return now - since < retryForMs;
  }

  async #verdictOfError(error: unknown): Promise<Verdict<Accepted[], Why>> {
    const { app, stage } = this.#options;
    if (error instanceof ContentChangedError) {
      this.#rest[error.index]?.fail(error, stage);
      this.#rest = this.#rest.filter((message) => !message.settled);
      return this.#rest.length === 0 ? ok(this.#accepted) : again("changed", error);
    }
    if (!(error instanceof ApiError)) throw error;
    const fatal = asFatalToUpload(error, stage);
    if (fatal) return fail(fatal);
    if (error.outcomeUnknown) return unknown(error);
    if (error.status?.code === statusCodes.RPC_MAX_MESSAGE_SIZE_EXCEEDED) {
      app.wire.lowerMaxBytes(this.#sentBytes, error.status.details);
    }
    const mayBeOne = error.status !== undefined && mayBeOneItem(error.status);
    return mayBeOne && this.#rest.length > 1 ? this.#split() : fail(error);
  }

  async #split(): Promise<Verdict<Accepted[], Why>> {
    const middle = Math.ceil(this.#rest.length / 2);
    for (const part of [this.#rest.slice(0, middle), this.#rest.slice(middle)])
      this.#accepted.push(...(await postBatch(part, this.#options)));
    return ok(this.#accepted);
  }

  // Step 3: reconcile. Looks up the inputs whose outcome the answer does not tell.

  async #reconcile(sent: readonly Message[], verdicts: readonly ItemVerdict[]): Promise<void> {
    const those = (verdict: string) => sent.filter((_, index) => verdicts[index]?.verdict === verdict);
    const [duplicates, unnamed, repeated] = [those("duplicate"), those("unnamed"), those("retry")];
    if (duplicates.length + unnamed.length === 0) {
      this.#rest = repeated;
      return;
    }
    this.#incompleteAnswers += 1;
    const state = { accepted: this.#accepted, answers: this.#incompleteAnswers, sentBefore: this.#sentBefore };
    const { absent, suffix } = await reconcileDuplicates(duplicates, state, this.#options);
    if (suffix.length > 0) this.#accepted.push(...(await postBatch(suffix, { ...this.#options, suffix: true })));
    this.#rest = [...repeated, ...absent, ...(await reconcileUnnamed(unnamed, state, this.#options))];
  }

  async #reconcileLost(lost: Error): Promise<Verdict<Accepted[], Why>> {
    const { signal } = this.#options;
    this.#lostAnswers += 1;
    try {
      this.#rest = await lookUpArrived(this.#rest, this.#accepted, this.#options);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      signal.throwIfAborted();
      return fail(lost); // whether the inputs arrived stays unknown, so they are not sent again
    }
    for (const message of this.#rest) this.#sentBefore.add(message);
    if (this.#rest.length === 0) return ok(this.#accepted);
    if (this.#rest.length > 1 && this.#lostAnswers >= lostBeforeSplit) return this.#split();
    return again("lost", lost);
  }

  // Step 4: process. Accepted inputs go on to their processing, failed ones are settled, the rest is sent again.

  #process(sent: readonly Message[], verdicts: readonly ItemVerdict[]): Verdict<Accepted[], Why> {
    for (let index = 0; index < sent.length; index += 1) {
      const message = sent[index] as Message;
      const result = verdicts[index] as ItemVerdict;
      if (result.verdict === "accepted") this.#accepted.push({ message, id: result.id, done: result.done });
      else if (result.verdict === "fail") message.fail(result.error, this.#options.stage, this.#attempts);
    }
    if (this.#rest.length === 0) return ok(this.#accepted);
    return again("items", new Error(`${this.#rest.length} inputs are to be sent again`));
  }
}

function itemVerdict(message: Message, answer: WireInput | undefined, mayRetry: () => boolean): ItemVerdict {
  const status = answer?.status ?? { code: statusCodes.INPUT_PENDING };
  const id = answer && answer.id !== "" ? answer.id : message.value.id;
  const meaning = classify(status);
  if (meaning === "ok" || meaning === "progress") return { verdict: "accepted", id, done: meaning === "ok" };
  if (meaning === "duplicate") return { verdict: "duplicate" };
  const retryable = meaning !== "permanent";
  const error = new InputError(String(status.code), statusText(status), { retryable });
  return { verdict: retryable && mayRetry() ? "retry" : "fail", error };
}

/** Returns the messages that can be sent: those that have content. Messages that did not pass `batch()` are measured and checked here. */
function encodable(messages: readonly Message[], { app, stage }: PostOptions): Message[] {
  const { measure } = app.wire;
  const { measure: together } = app.wire.wireFor(messages);
  return messages.filter((message) => {
    if (message.settled) return false;
    try {
      checkContent(message.value);
      message.measured(measure);
      if (together !== measure) message.measured(together); // a request that mixes inputs of both wires
      return true;
    } catch (error) {
      message.fail(error, stage);
      return false;
    }
  });
}
