/** Groups messages into batches by item count, encoded size and age. */

import type { Observable as RxObservable, Subscriber } from "rxjs";
import { messagesOf } from "../../accounting/check-message.js";
import type { Message } from "../../accounting/message.js";
import type { RunContext } from "../../accounting/run-context.js";
import { guarded, Observable } from "../../util/observable.js";
import { type Stage, stageStream } from "../stage.js";
import type { BatchPolicy } from "./batch-policy.js";

/** Maximum number of open batches per lane. More batches would fill a little better, but inputs would wait longer. */
const openBatches = 4;

/**
 * Groups messages into batches and emits each batch as one array.
 *
 * A batch is emitted when it reaches a limit of the policy, when its oldest input has waited `maxWaitMs`, or when only waiting batches block the source.
 * Each lane keeps its order, unless an input fits another open batch of the lane better. Arriving arrays are grouped again. An input for which `measure`
 * throws settles as failed. On completion, the remaining batches are emitted; no batch is empty. On an error, waiting messages stay unsettled.
 *
 * @param policy limits and measures of the target
 * @param name name of the stage, for reports. Default: `batchBy`.
 * @example
 * const texts = batchBy({ maxItems: 64, measure: (input) => input.text?.length ?? 0 });
 * flow(folder("./texts")).pipe(texts, upload(app));
 */
export function batchBy(policy: BatchPolicy, name = "batchBy"): Stage<Message, Message[]> {
  return (input) =>
    stageStream(input, { kind: "batch", name }, (output) => {
      const batcher = new Batcher(policy, name, output);
      return run(input, batcher, output, (messages) => {
        for (const message of messages) batcher.add(message);
      });
    });
}

/** Groups the messages that reach a sink by the sink's policy. Arrays that fit pass unchanged. It is a part of the sink, not a stage. */
export function batchesFor(
  policy: BatchPolicy,
  name: string,
  input: RxObservable<unknown>,
): RxObservable<readonly Message[]> {
  return new Observable((output) => {
    const batcher = new Batcher(policy, name, output);
    return run(input, batcher, output, (messages, isArray) => {
      const measured = messages.filter((message) => batcher.measure(message) !== undefined);
      if (isArray && measured.length > 0 && batcher.fits(measured)) output.next(measured);
      else for (const message of measured) batcher.add(message);
    });
  });
}

function run(
  input: RxObservable<unknown>,
  batcher: Batcher,
  output: Subscriber<never>,
  take: (messages: readonly Message[], isArray: boolean) => void,
): () => void {
  const subscription = input.subscribe({
    next: guarded(output, (item) => take(messagesOf(item, batcher.name), Array.isArray(item))),
    error: (error: unknown) => output.error(error),
    complete: () => {
      batcher.flush();
      output.complete();
    },
  });
  return () => {
    subscription.unsubscribe();
    batcher.close();
  };
}

/** A batch that is filling. */
interface OpenBatch {
  messages: Message[];
  ids: Set<string>;
  bytes: number;
  timer: NodeJS.Timeout;
}

/** Fills the batches of one stream. */
class Batcher {
  readonly name: string;
  readonly #policy: BatchPolicy;
  readonly #output: Subscriber<Message[]>;
  readonly #lanes = new Map<string, OpenBatch[]>();
  readonly #maxItems: number;
  readonly #envelopeBytes: number;
  readonly #separatorBytes: number;
  #context: RunContext | undefined;
  #removeFlusher: (() => void) | undefined;

  constructor(policy: BatchPolicy, name: string, output: Subscriber<Message[]>) {
    const { maxItems, envelopeBytes = 0, separatorBytes = 0 } = policy;
    this.name = name;
    this.#policy = policy;
    this.#output = output;
    this.#maxItems = maxItems ?? Number.POSITIVE_INFINITY;
    this.#envelopeBytes = envelopeBytes;
    this.#separatorBytes = separatorBytes;
  }

  /** Bytes that the inputs of a batch may have; a policy may change its limit during a run. */
  get #maxBytes(): number {
    return Math.max((this.#policy.maxBytes ?? Number.POSITIVE_INFINITY) - this.#envelopeBytes, 1);
  }

  /** Returns the bytes of an input, with its separator; undefined if it is settled or its measuring fails it. */
  measure(message: Message): number | undefined {
    if (message.settled) return undefined;
    const { measure } = this.#policy;
    if (!measure) return this.#separatorBytes;
    try {
      const measured = message.measured(measure);
      const bytes = typeof measured === "number" ? measured : (this.#policy.bytesOf?.(measured) ?? measured.bytes);
      return bytes + this.#separatorBytes;
    } catch (error) {
      message.fail(error, this.name);
      return undefined;
    }
  }

  /** Whether measured messages fit into one batch. */
  fits(messages: readonly Message[]): boolean {
    if (messages.length > this.#maxItems) return false;
    const { lane, isAlone, repeatsIds } = this.#policy;
    const ids = new Set<string>();
    const [first] = messages;
    let bytes = 0;
    for (const message of messages) {
      const { value } = message;
      if (lane && first && lane(value) !== lane(first.value)) return false;
      if (isAlone?.(value)) return false;
      ids.add(value.id);
      bytes += this.measure(message) ?? 0;
    }
    return bytes <= this.#maxBytes && (repeatsIds === true || ids.size === messages.length);
  }

  /** Adds a message to a batch, and emits the batch if it is full. */
  add(message: Message): void {
    const bytes = this.measure(message);
    if (bytes === undefined) return;
    this.#begin(message.context);
    const { value } = message;
    const name = this.#policy.lane?.(value) ?? "";
    let lane = this.#lanes.get(name);
    if (!lane) this.#lanes.set(name, (lane = []));
    let batch = this.#bestFit(lane, message, bytes);
    if (!batch) {
      if (lane.length >= openBatches) this.#emit(lane, fullest(lane));
      batch = this.#open(lane);
    }
    message.hold();
    batch.messages.push(message);
    batch.ids.add(value.id);
    batch.bytes += bytes;
    message.context.accounting.budget.addWaiting(1);
    const isFull = batch.messages.length >= this.#maxItems || batch.bytes >= this.#maxBytes;
    if (isFull || this.#policy.isAlone?.(value)) this.#emit(lane, batch);
  }

  /** Emits all open batches. */
  flush(): void {
    for (const lane of this.#lanes.values()) for (const batch of [...lane]) this.#emit(lane, batch);
  }

  /** Releases the waiting messages at the end of the stream. */
  close(): void {
    this.#removeFlusher?.();
    for (const batch of [...this.#lanes.values()].flat()) {
      clearTimeout(batch.timer);
      this.#context?.accounting.budget.addWaiting(-batch.messages.length);
      for (const message of batch.messages) message.letGo();
    }
    this.#lanes.clear();
  }

  #begin(context: RunContext): void {
    if (this.#context) return;
    this.#context = context;
    this.#removeFlusher = context.accounting.budget.onBlocked(() => this.flush());
  }

  #open(lane: OpenBatch[]): OpenBatch {
    const { maxWaitMs = 1000 } = this.#policy;
    const batch: OpenBatch = {
      messages: [],
      ids: new Set(),
      bytes: 0,
      timer: setTimeout(() => this.#emit(lane, batch), maxWaitMs),
    };
    lane.push(batch);
    return batch;
  }

  #emit(lane: OpenBatch[], batch: OpenBatch): void {
    lane.splice(lane.indexOf(batch), 1);
    clearTimeout(batch.timer);
    this.#context?.accounting.budget.addWaiting(-batch.messages.length);
    this.#output.next(batch.messages);
    for (const message of batch.messages) message.release();
  }

  /** Finds the fullest batch that has capacity, so that large inputs find small ones to share a batch with. */
  #bestFit(lane: readonly OpenBatch[], message: Message, bytes: number): OpenBatch | undefined {
    let best: OpenBatch | undefined;
    for (const batch of lane) {
      if (batch.bytes + bytes > this.#maxBytes) continue;
      if (!this.#policy.repeatsIds && batch.ids.has(message.value.id)) continue;
      if (!best || batch.bytes > best.bytes) best = batch;
    }
    return best;
  }
}

function fullest(lane: readonly OpenBatch[]): OpenBatch {
  return lane.reduce((most, batch) => (batch.bytes > most.bytes ? batch : most));
}
