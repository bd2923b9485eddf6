/** The contract of sinks: their methods, arguments, and reports of outcomes. */

import type { Credential, RunClient } from "../accounting/clients.js";
import type { Message } from "../accounting/message.js";
import type { Stored } from "../accounting/stages.js";
import type { ReportedJob, Target } from "../accounting/targets.js";
import { SinkError } from "../errors.js";
import type { Input, InputDraft, Json } from "../input/input.js";
import type { BatchPolicy } from "./batch/batch-policy.js";
import type { MaybePromise } from "./source.js";

/** The inputs of one `write`. An input that the sink does not report is ok when `write` resolves. Only the first report of an input counts. */
export class Batch {
  /** The messages of the inputs, for a sink that works on them one by one: `message.fail(error, name)`. */
  readonly messages: readonly Message[];
  /** Name of the sink. */
  readonly sink: string;
  #inputs: readonly Input[] | undefined;

  constructor(messages: readonly Message[], sink: string) {
    this.messages = messages;
    this.sink = sink;
  }

  /** The inputs, in order. */
  get inputs(): readonly Input[] {
    this.#inputs ??= this.messages.map((message) => message.value);
    return this.#inputs;
  }

  /** Origins of the inputs, in order: `photos/a.jpg`, `boxes.csv:17`. */
  get origins(): readonly string[] {
    return this.messages.map((message) => message.origin);
  }

  /** Reports that an input failed. An InputError keeps its code and its `retryable`. `attempts`: attempts of the failing call. @throws {SinkError} ERR_BATCH_INDEX */
  fail(index: number, error: Error, { attempts = 1 }: { attempts?: number } = {}): void {
    this.#at(index).fail(error, this.sink, attempts);
  }

  /**
   * Reports that an input needed no work. With `done`, the work was done before: a journal counts the input as finished, and it passes to the next sink, if
   * there is one. @throws {SinkError} ERR_BATCH_INDEX
   */
  skip(index: number, reason: string, { done = false }: { done?: boolean } = {}): void {
    if (done) this.#at(index).doneBefore(reason);
    else this.#at(index).skip(reason);
  }

  /** Reports that the outcome of an input is unknown. The next run with the journal writes it again. @throws {SinkError} ERR_BATCH_INDEX */
  pending(index: number, reason: string): void {
    this.#at(index).settle({ state: "pending", reason });
  }

  /**
   * Adds a note on how an input was written, such as what the target cannot express. If the input is ok in the end, the report counts it under this text
   * (`report.notes`), so use the same text for the same thing. @throws {SinkError} ERR_BATCH_INDEX
   */
  note(index: number, text: string): void {
    this.#at(index).remark(text);
  }

  /** Without this check the failure would belong to no input, and the failed input would count as ok. */
  #at(index: number): Message {
    const message = this.messages[index];
    if (message) return message;
    const text = `${this.sink} reported input ${String(index)} of a batch of ${this.messages.length}; indexes begin at 0`;
    throw new SinkError("ERR_BATCH_INDEX", text);
  }
}

/** A request that a sink sends, for the progress. */
export interface OpenRequest {
  sent(share: number): void;
  end(): void;
}

/** The run, as its sinks see it. */
export interface SinkRun {
  /** Counts the traffic of a client, for the report and the progress, and lets it share its rate with other processes. */
  watch(client: RunClient): void;
  /** Finds the credential for `url` among the clients of this run. */
  authorize(url: URL): Credential | undefined;
  /** Registers a function; while it returns true, sources are not read. Call `recheck` if that ends without a written input. */
  onSaturated(isSaturated: () => boolean): void;
  /** Makes the run check again whether sources may be read. */
  recheck(): void;
  /** Registers a function that describes what the sink waits for, for the report of a stall. */
  onWait(describe: () => string | undefined): void;
  /** Counts inputs that the target has accepted and still processes, for the progress. A negative number takes them back when their result is known. */
  addAccepted(count: number): void;
  /**
   * Reports a request with `inputs` inputs that is about to be sent. `sent` receives the share of its bytes that is sent, from 0 to 1; `end` is called when
   * the request has its answer.
   */
  startRequest(inputs: number): OpenRequest;
  /** Adds datasets that an input joined to the report. */
  addDatasets(ids: readonly string[]): void;
  /** Sets the name of the wire that carried the inputs of this run, for the report. */
  setWire(name: string): void;
  /** Sets the state of a server's job in the report. A later call with the same id replaces it. */
  setJob(job: Omit<ReportedJob, "sink">): void;
}

/** The argument of a sink's `open`. */
export interface OpenContext<Options> {
  options: Options;
  /** Aborted when the flow stops at once. */
  signal: AbortSignal;
  /** Whether the run is a plan or a preview: the sink neither sends nor writes. */
  dryRun: boolean;
  run: SinkRun;
}

/** What `stateReader` gets: the argument of `open`, and the folder for files that are about to be deleted; undefined if files are not kept. */
export interface StateContext<Options> extends OpenContext<Options> {
  mediaFolder: string | undefined;
}

/**
 * Reads the states of what a batch is about to change, one for each input, as JSON; undefined for an input that has nothing to change in the target. An input
 * whose state cannot be read is reported with `batch.fail`, and is not written.
 */
export type StateReader = (batch: Batch) => Promise<readonly (Json | undefined)[]>;

/** The second argument of a sink's `write`. */
export interface WriteContext<Options, State> extends OpenContext<Options> {
  state: State;
}

/** A sink. `Options` is the type of its options, `State` that of the value that `open` returns. */
export interface Sink<Options, State> {
  /** Name for errors and reports. */
  name: string;
  /** Maximum number of batches written at once. Default: 1. */
  concurrency?: number | ((options: Options) => number) | undefined;
  /**
   * Limits of one `write`. Single inputs and batches that are too large are grouped by it; a batch that fits is written unchanged. Default: a single input
   * is written alone, and a batch unchanged.
   */
  batch?: BatchPolicy | ((options: Options) => BatchPolicy) | undefined;
  /** Returns the target, for the report and the journal. Default: the name of the sink. */
  target?(options: Options): Target;
  /** Whether the sink records whole inputs; a listing then also reads their annotations and datasets. Default: false. */
  wholeRecords?: ((options: Options) => boolean) | undefined;
  /** Whether the sink reads contents itself; a listing then yields contents that can be read, in place of URLs. Default: false. */
  readsContents?: boolean | undefined;
  /**
   * Whether `open`, `write` and `close` respect `dryRun`, and then neither send nor write. Default: false; a plan does not call them, and counts all inputs
   * as ok.
   */
  supportsDryRun?: boolean | undefined;
  /**
   * Whether an aborted write leaves nothing in the target. If so, running writes are aborted when an operator after the sink ends the stream, and their
   * inputs are pending. Default: false; running writes finish.
   */
  undoesAborted?: boolean | undefined;
  /**
   * Whether the sink is opened and closed in a run that writes nothing, too, such as a sink that completes a file in `close`: if a run was killed before that, the
   * journal leaves nothing to write for the next run. Default: false.
   */
  opensAlways?: boolean | undefined;
  /**
   * Looks up what the target has under the id of an input, as it was read, without a write. It must not process the content, which may be what makes a
   * worker crash. Default: the target cannot be asked.
   */
  lookUp?(input: Input | InputDraft, context: { options: Options; signal: AbortSignal }): Promise<Stored>;
  /**
   * For a sink that changes or deletes what its target has: makes the reader of its states. In a run with `undo`, the states of a batch are on disk before
   * `write` is called. Returns undefined if the sink only adds with these options. Default: the sink only adds.
   */
  stateReader?(options: Options): ((context: StateContext<Options>) => StateReader) | undefined;
  /** Opens resources, before the first write. Returns the `state` for `write` and `close`. */
  open?(context: OpenContext<Options>): MaybePromise<State>;
  /** Writes a batch, and reports the inputs that are not ok. Throws only if the sink cannot continue. */
  write(batch: Batch, context: WriteContext<Options, State>): Promise<void>;
  /** Closes the resources of `open`, once, also after an error and an early stop. */
  close?(context: { options: Options; state: State }): MaybePromise<void>;
}
