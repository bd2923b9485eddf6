/** The stage of a sink: writes batches, passes written inputs downstream, settles failed ones. */

import { setMaxListeners } from "node:events";
import type { Subscriber, Subscription } from "rxjs";
import type { SinkProgress } from "../accounting/accounting.js";
import { messagesOf } from "../accounting/check-message.js";
import type { Message } from "../accounting/message.js";
import { contextOf, type RunContext } from "../accounting/run-context.js";
import type { StageFacts, Stages } from "../accounting/stages.js";
import type { ReportedJob } from "../accounting/targets.js";
import { OptionsError, pluginError, SinkError } from "../errors.js";
import { guarded } from "../util/observable.js";
import { onAbort } from "../util/on-abort.js";
import { batchesFor } from "./batch/batch-by.js";
import { writeBatch } from "./batch/write-batch.js";
import { Batch, type OpenContext, type OpenRequest, type Sink, type StateReader } from "./sink.js";
import { type Stage, stageStream } from "./stage.js";

/**
 * Makes the stage of a sink. It completes when all writes have ended and the sink is closed. An error that the sink throws rejects the run; the messages
 * of that write stay unsettled. Each subscription opens the sink again.
 */
export function sinkOperator<Options, State>(
  sink: Sink<Options, State>,
  options: Options,
  concurrency: number,
): Stage<Message | readonly Message[], Message> {
  const { name } = sink;
  const batch = typeof sink.batch === "function" ? sink.batch(options) : sink.batch;
  return (input) => {
    const target = { sink: name, ...(sink.target?.(options) ?? { action: name, name: "" }) };
    const lookUp: StageFacts["lookUp"] =
      sink.lookUp && (async (draft, signal) => (await sink.lookUp?.(draft, { options, signal })) ?? "absent");
    const stateReader = sink.stateReader?.(options);
    const facts = {
      kind: "sink",
      ...{ name, target, lookUp },
      ...{ wholeRecords: sink.wholeRecords?.(options), recordsStates: stateReader !== undefined },
      readsContents: sink.readsContents,
    } as const;
    return stageStream<Message>(input, facts, (output, stages) => {
      const writer = new SinkWriter(sink, options, concurrency, output, stages);
      return writer.run(batch ? batchesFor(batch, name, input) : input);
    });
  };
}

/** One run of a sink. */
class SinkWriter<Options, State> {
  readonly #sink: Sink<Options, State>;
  readonly #options: Options;
  readonly #concurrency: number;
  readonly #output: Subscriber<Message>;
  readonly #stages: Stages | undefined;
  readonly #abort = new AbortController();
  readonly #progress: SinkProgress;
  readonly #queue: (readonly Message[])[] = [];
  readonly #writes = new Map<Promise<void>, readonly Message[]>();
  #completed = false;
  #ended = false;
  #context: RunContext | undefined;
  #openContext: OpenContext<Options> | undefined;
  /** The state that `open` returns; set when the first write begins. */
  #opened: Promise<State> | undefined;
  #closed: Promise<void> | undefined;
  #stateReader: StateReader | undefined;
  /** Identity of the target, for `undo`. */
  #identity: Promise<string> | undefined;

  constructor(
    sink: Sink<Options, State>,
    options: Options,
    concurrency: number,
    output: Subscriber<Message>,
    stages: Stages | undefined,
  ) {
    this.#sink = sink;
    this.#options = options;
    this.#concurrency = concurrency;
    this.#output = output;
    this.#stages = stages;
    this.#progress = { name: sink.name, done: 0, underWay: 0, accepted: 0, sending: 0, batches: 0 };
    setMaxListeners(0, this.#abort.signal); // each open request adds a listener
  }

  run(input: { subscribe(observer: object): Subscription }): () => void {
    const subscription = input.subscribe({
      next: guarded(this.#output, (item) => this.#add(item)),
      error: (error: unknown) => {
        this.#ended = true;
        this.#output.error(error);
      },
      complete: () => {
        this.#completed = true;
        this.#next();
      },
    });
    return () => this.#stop(subscription);
  }

  #add(item: unknown): void {
    const messages = messagesOf(item, this.#sink.name).filter((message) => !message.settled);
    const [first] = messages;
    if (!first) return;
    if (!this.#context) this.#begin(first.context);
    for (const message of messages) message.hold();
    this.#progress.underWay += messages.length;
    this.#queue.push(messages);
    this.#next();
  }

  #begin(context: RunContext): void {
    const { name } = this.#sink;
    if (!this.#stages && context.stages.isComposed) {
      const text = `${name}: an operator hides this sink from the flow, so the report and the journal would not know its target; pass the sink to pipe() of the flow`;
      throw new OptionsError("ERR_OPTIONS", text);
    }
    this.#context = context;
    this.#openContext = this.#openContextOf(context);
    context.lifecycle.waits.add(this.#describe);
    context.accounting.sinks.add(this.#progress);
  }

  /** Starts writes up to the concurrency, and closes the sink after the last one. */
  #next(): void {
    while (this.#writes.size < this.#concurrency && this.#queue.length > 0) {
      const batch = this.#queue.shift() as readonly Message[];
      const writing = this.#write(batch)
        .then(() => {
          this.#writes.delete(writing);
          this.#next();
        })
        .catch((error: unknown) => this.#fail(error));
      this.#writes.set(writing, batch);
    }
    if (!this.#completed || this.#writes.size > 0 || this.#queue.length > 0) return;
    this.#openUnused();
    this.#close().then(
      () => {
        this.#ended = true;
        this.#output.complete();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  /** Opens a sink that no message has reached, if it completes something in `close`. */
  #openUnused(): void {
    const context = this.#stages && contextOf(this.#stages);
    if (!this.#sink.opensAlways || this.#opened || !context) return;
    if (!this.#context) this.#begin(context);
    if (this.#isCalled) void this.#open();
  }

  #open(): Promise<State> {
    this.#opened ??= (async () => this.#sink.open?.(this.#openContext as OpenContext<Options>))() as Promise<State>;
    return this.#opened;
  }

  async #write(messages: readonly Message[]): Promise<void> {
    if (this.#isCalled) {
      const context = this.#openContext as OpenContext<Options>;
      const state = await this.#open();
      await this.#recordStates(messages);
      const open = messages.filter((message) => !message.settled);
      if (open.length > 0) await writeBatch(this.#sink, new Batch(open, this.#sink.name), { ...context, state });
    }
    this.#progress.batches += 1;
    for (const message of messages) {
      if (message.settled) continue;
      this.#progress.done += 1;
      message.wrote();
      const isCut = this.#output.closed;
      if (!isCut) this.#output.next(message);
      message.passedOn();
      if (isCut) message.letGo();
      else message.release();
    }
    this.#progress.underWay -= messages.length;
  }

  /** Records what a batch is about to change, in a run with `undo`. Settles the messages whose state cannot be read. */
  async #recordStates(messages: readonly Message[]): Promise<void> {
    const undo = this.#context?.undo;
    if (!undo) return;
    const { name } = this.#sink;
    const context = this.#openContext as OpenContext<Options>;
    this.#stateReader ??= this.#sink.stateReader?.(this.#options)?.({ ...context, mediaFolder: undo.mediaFolder });
    if (!this.#stateReader) return;
    const states = await this.#stateReader(new Batch(messages, name));
    const { name: target = "", identity } = this.#sink.target?.(this.#options) ?? {};
    this.#identity ??= Promise.resolve(identity?.() ?? target);
    const known = await this.#identity;
    await undo.record(states.flatMap((state) => (state === undefined ? [] : [{ sink: name, target: known, state }])));
  }

  /** Whether the sink is called. In a dry run, it must support that. */
  get #isCalled(): boolean {
    return !this.#context?.dryRun || this.#sink.supportsDryRun === true;
  }

  #openContextOf({ accounting, clients, lifecycle, dryRun }: RunContext): OpenContext<Options> {
    return {
      options: this.#options,
      signal: this.#abort.signal,
      dryRun,
      run: {
        watch: clients.watch.bind(clients),
        authorize: clients.authorize.bind(clients),
        onSaturated: (isSaturated: () => boolean) => void accounting.budget.onSaturated(isSaturated),
        recheck: () => accounting.budget.recheck(),
        onWait: (describe: () => string | undefined) => void lifecycle.waits.add(describe),
        addAccepted: (count: number) => void (this.#progress.accepted += count),
        startRequest: (inputs: number) => startRequest(this.#progress, inputs),
        addDatasets: (ids: readonly string[]) => accounting.addDatasets(this.#sink.name, ids),
        setWire: (name: string) => void accounting.wires.set(this.#sink.name, name),
        setJob: (job: Omit<ReportedJob, "sink">) => accounting.setJob({ sink: this.#sink.name, ...job }),
      },
    };
  }

  readonly #describe = (): string | undefined => {
    const { name } = this.#sink;
    const [running, waiting] = [this.#writes.size, this.#queue.length];
    const next = waiting > 0 ? `, then ${waiting} more` : "";
    if (running > 0)
      return `sink ${name}: for ${running === 1 ? "1 batch" : `${running} batches`} to be written${next}`;
    return this.#completed ? `sink ${name}: to be closed` : undefined;
  };

  #fail(error: unknown): void {
    this.#ended = true;
    this.#output.error(pluginError(error, this.#sink.name, SinkError));
  }

  /** Closes the sink once, if it was opened. */
  #close(): Promise<void> {
    this.#closed ??= (async () => {
      if (!this.#opened) return;
      const state = await this.#opened;
      await this.#sink.close?.({ options: this.#options, state });
    })();
    return this.#closed;
  }

  /** Ends the sink when its stream ends: it completed or failed, the run was stopped, or an operator after the sink ended it early. */
  #stop(subscription: Subscription): void {
    const context = this.#context;
    const isCut = !this.#ended && context !== undefined && !context.lifecycle.signal.aborted && !context.lifecycle.left;
    if (isCut) {
      context.lifecycle.cut ??= this.#sink.name;
      subscription.unsubscribe();
      context.lifecycle.trackWriting(
        this.#finishCut(context).finally(() => context.lifecycle.waits.delete(this.#describe)),
      );
      return;
    }
    subscription.unsubscribe();
    context?.lifecycle.waits.delete(this.#describe);
    this.#queue.length = 0;
    this.#abort.abort();
    const closing = this.#close().catch(() => undefined); // the run reports its own error or stop
    context?.lifecycle.track(closing);
  }

  /**
   * Finishes the writes after an operator behind this sink ended the stream. Running writes continue to their end, since the server may already have their
   * inputs. Waiting batches are not written.
   */
  async #finishCut({ lifecycle }: RunContext): Promise<void> {
    const stop = () => this.#abort.abort(lifecycle.signal.reason);
    const unlink = onAbort(lifecycle.signal, stop);
    for (const batch of this.#queue.splice(0)) for (const message of batch) message.letGo();
    if (this.#sink.undoesAborted) this.#abort.abort();
    await Promise.all(this.#writes.keys());
    unlink();
    for (const batch of this.#writes.values()) for (const message of batch) message.letGo(); // messages of writes that threw
    await this.#close().catch(() => undefined);
    this.#abort.abort();
  }
}

/** Counts the inputs of an open request by the share of its bytes that is sent. */
function startRequest(progress: SinkProgress, inputs: number): OpenRequest {
  let counted = 0;
  const count = (now: number) => {
    progress.sending += now - counted;
    counted = now;
  };
  return { sent: (share) => count(inputs * share), end: () => count(0) };
}
