/** Sinks: what a sink gets, and how it reports the outcome of each input. */

import type { Credential, RunClient } from "../accounting/clients.js";
import type { Message } from "../accounting/message.js";
import type { Stored } from "../accounting/stages.js";
import type { Target } from "../accounting/targets.js";
import { SinkError } from "../errors.js";
import type { Input, InputDraft } from "../input/input.js";
import type { BatchPolicy } from "./batch-policy.js";
import type { MaybePromise } from "./source.js";

/**
 * The inputs of one `write`. An input that the sink does not report is ok when `write` resolves. The first report of an input counts.
 */
export class Batch {
  /** The messages of the inputs, for a sink that works on them one by one: `message.fail(error, name)`. */
  readonly messages: readonly Message[];
  readonly #sink: string;
  #inputs: readonly Input[] | undefined;

  constructor(messages: readonly Message[], sink: string) {
    this.messages = messages;
    this.#sink = sink;
  }

  /** The inputs, in their order. */
  get inputs(): readonly Input[] {
    this.#inputs ??= this.messages.map((message) => message.value);
    return this.#inputs;
  }

  /** Where each input came from. */
  get origins(): readonly string[] {
    return this.messages.map((message) => message.origin);
  }

  /** Reports that an input failed; an InputError keeps its code, and says whether it may be tried again. @throws {SinkError} ERR_BATCH_INDEX */
  fail(index: number, error: Error, { attempts = 1 }: { attempts?: number } = {}): void {
    this.#at(index).fail(error, this.#sink, attempts);
  }

  /**
   * Reports that an input needed no work. With `done`, the work was done before: a journal counts the input as finished, and it goes on to the next
   * sink, if there is one. @throws {SinkError} ERR_BATCH_INDEX
   */
  skip(index: number, reason: string, { done = false }: { done?: boolean } = {}): void {
    if (done) this.#at(index).doneBefore(reason);
    else this.#at(index).skip(reason);
  }

  /** Reports that the outcome of an input is not known yet; the next run tries it again. @throws {SinkError} ERR_BATCH_INDEX */
  pending(index: number, reason: string): void {
    this.#at(index).settle({ state: "pending", reason });
  }

  /** Without this check the failure would belong to no input, and the failed input would count as ok. */
  #at(index: number): Message {
    const message = this.messages[index];
    if (message) return message;
    const text = `${this.#sink} reported input ${String(index)} of a batch of ${this.messages.length}; indexes begin at 0`;
    throw new SinkError("ERR_BATCH_INDEX", text);
  }
}

/** What a sink may tell the run that it is part of. */
export interface SinkRun {
  /** Counts what a client sends: for the report, the progress, and the rate that processes share. */
  watch(client: RunClient): void;
  /** Finds the credential for `url` among the clients of this run. */
  authorize(url: URL): Credential | undefined;
  /** While `isSaturated` returns true, sources are not read further. Call `recheck` when that ends without a written input. */
  onSaturated(isSaturated: () => boolean): void;
  recheck(): void;
  /** Describes what the sink waits for, for a run that stalls. */
  onWait(describe: () => string | undefined): void;
  /** Adds datasets that an input joined to the report. */
  addDatasets(ids: readonly string[]): void;
}

/** What `open` of a sink gets. */
export interface OpenContext<Options> {
  options: Options;
  /** Aborted when the flow stops at once. */
  signal: AbortSignal;
  /** Whether the run is a plan or a preview: the sink neither sends nor writes. */
  dryRun: boolean;
  run: SinkRun;
}

/** What `write` of a sink gets besides the batch. */
export interface WriteContext<Options, State> extends OpenContext<Options> {
  state: State;
}

/** What a sink does. Its options are the type `Options`, and what it opens the type `State`. */
export interface Sink<Options, State> {
  /** Name for errors and reports. */
  name: string;
  /** Most batches written at once. Default: 1. */
  concurrency?: number | ((options: Options) => number) | undefined;
  /**
   * What fits into one `write`. Single inputs and larger batches are grouped by it; a batch that fits is written as it came. Default: an input that
   * comes alone is a batch of its own, and a batch is written as it came.
   */
  batch?: BatchPolicy | undefined;
  /** What it writes to, for the report and the journal. Default: the name of the sink. */
  target?(options: Options): Target;
  /** Whether it records inputs in full: a listing then reads their annotations and datasets too. Default: false. */
  wholeRecords?: ((options: Options) => boolean) | undefined;
  /**
   * Whether `open`, `write` and `close` look at `dryRun`, and then neither send nor write. Default: false, and a plan does not call them: it counts
   * all inputs as ok.
   */
  supportsDryRun?: boolean | undefined;
  /**
   * Whether an aborted write leaves nothing behind. Then a write is aborted when an operator behind the sink ends the stream, and its inputs are
   * pending. Default: false, and the write ends first.
   */
  undoesAborted?: boolean | undefined;
  /**
   * Looks up what the target has under the id of an input, as it was read, without a write. It must not process the content, which may be what makes a
   * worker crash. Default: the target cannot be asked.
   */
  lookUp?(input: Input | InputDraft, context: { options: Options; signal: AbortSignal }): Promise<Stored>;
  /** Opens what `write` needs; runs once, before the first write. */
  open?(context: OpenContext<Options>): MaybePromise<State>;
  /** Writes a batch, and reports the inputs that are not ok. Throws only when the sink cannot go on. */
  write(batch: Batch, context: WriteContext<Options, State>): Promise<void>;
  /** Closes what `open` opened; runs once, also after an error and an early stop. */
  close?(context: { options: Options; state: State }): MaybePromise<void>;
}
