/** Flows: sources, the operators on them, and the ways to run them. */

import { ReadableStream, type UnderlyingSource } from "node:stream/web";
import type { Observer, Subscription } from "rxjs";
import { messagesOf } from "../accounting/check-message.js";
import { Message } from "../accounting/message.js";
import { RunContext } from "../accounting/run-context.js";
import { OptionsError } from "../errors.js";
import type { Input } from "../input/input.js";
import type { Source } from "../plugin/source.js";
import type { Stage } from "../plugin/stage.js";
import { displayedInput } from "../report/display.js";
import type { Report } from "../report/report.js";
import { Reporter } from "../report/reporter.js";
import { formatValue } from "../util/format/format-value.js";
import type { Observable } from "../util/observable.js";
import { checkAcknowledged, compose, type MessagesAtEnd, type Operators } from "./compose.js";
import { failedInputsError, iterate } from "./iterate.js";
import { type Plan, type PlanOptions, planFlow } from "./plan.js";
import { type Preview, previewFlow } from "./preview.js";
import { type RunOptions, runFlow, type StreamOptions } from "./run.js";
import { shardOf } from "./source-shards.js";

/** Sources and the operators on them. Sources are read only by a run, a plan, a subscription or an iteration; each of these starts anew. */
export class Flow<T = Message> {
  readonly #sources: readonly Source[];
  readonly #operators: Operators;

  constructor(sources: readonly Source[], operators: Operators = []) {
    this.#sources = sources;
    this.#operators = operators;
  }

  /**
   * Adds operators: those of Sluice, and any RxJS operators between them. Typed like the `pipe` of RxJS.
   *
   * @throws {OptionsError} ERR_RAW_OPERATOR if a source waits for acknowledgements and an RxJS operator is not wrapped in `through`
   * @example flow(folder("./photos")).pipe(tagMetadata({ split: "train" }), batch(), upload(app));
   */
  pipe<A>(a: Stage<T, A>): Flow<A>;
  pipe<A, B>(a: Stage<T, A>, b: Stage<A, B>): Flow<B>;
  pipe<A, B, C>(a: Stage<T, A>, b: Stage<A, B>, c: Stage<B, C>): Flow<C>;
  pipe<A, B, C, D>(a: Stage<T, A>, b: Stage<A, B>, c: Stage<B, C>, d: Stage<C, D>): Flow<D>;
  pipe<A, B, C, D, E>(a: Stage<T, A>, b: Stage<A, B>, c: Stage<B, C>, d: Stage<C, D>, e: Stage<D, E>): Flow<E>;
  pipe<A, B, C, D, E, F>(
    a: Stage<T, A>,
    b: Stage<A, B>,
    c: Stage<B, C>,
    d: Stage<C, D>,
    e: Stage<D, E>,
    f: Stage<E, F>,
  ): Flow<F>;
  pipe<A, B, C, D, E, F, G>(
    a: Stage<T, A>,
    b: Stage<A, B>,
    c: Stage<B, C>,
    d: Stage<C, D>,
    e: Stage<D, E>,
    f: Stage<E, F>,
    g: Stage<F, G>,
  ): Flow<G>;
  pipe<A, B, C, D, E, F, G, H>(
    a: Stage<T, A>,
    b: Stage<A, B>,
    c: Stage<B, C>,
    d: Stage<C, D>,
    e: Stage<D, E>,
    f: Stage<E, F>,
    g: Stage<F, G>,
    h: Stage<G, H>,
  ): Flow<H>;
  pipe<A, B, C, D, E, F, G, H, I>(
    a: Stage<T, A>,
    b: Stage<A, B>,
    c: Stage<B, C>,
    d: Stage<C, D>,
    e: Stage<D, E>,
    f: Stage<E, F>,
    g: Stage<F, G>,
    h: Stage<G, H>,
    i: Stage<H, I>,
    ...more: Stage<I, I>[]
  ): Flow<I>;
  pipe(...operators: Operators): Flow<unknown> {
    const all = [...this.#operators, ...operators];
    checkAcknowledged(this.#sources, all);
    return new Flow(this.#sources, all);
  }

  /**
   * Runs the flow to its end and reports the outcome of every input.
   *
   * An input that reaches the end without an outcome is ok. Resolves when every input has an outcome, also if inputs failed or the run was stopped.
   * Rejects only if a source, a sink, the journal or the dead-letter file cannot continue (SourceError, SinkError; the plugin's error is the `cause`). In
   * both cases, sources, sinks and files are closed first. With a journal or dead letters, an outcome is written to disk before it is reported.
   *
   * @throws {OptionsError} ERR_OPTIONS
   * @throws {SinkError} (rejects) ERR_JOURNAL_LOCKED, ERR_JOURNAL_FORMAT, ERR_JOURNAL_FLOW, ERR_JOURNAL_UNWRITABLE; ERR_DEAD_LETTERS_…
   * @example const report = await flow(folder("./photos")).pipe(batch(), upload(app)).run({ journal: "./photos.journal" });
   */
  run(options: RunOptions = {}): Promise<Report> {
    return runFlow(this.#sources, (context) => this.#start(context), options);
  }

  /**
   * Reports what `run` would do, without doing it: batches, requests, bytes, the time of the requests at the account's rate, and each input that would
   * be refused or skipped, with the reason.
   *
   * Sources are read and transforms run as in `run`; sinks only count. No request is sent, and no file is written: no journal, no dead letters, no
   * download. Facts that only the server knows are missing: ids that already exist (`conflict`, `resume`), failures of processing, retries. When
   * `maxWaitMs` expires, batches may split differently. Rejects as `run` does if a source cannot continue, and on an abort.
   *
   * @throws {OptionsError} ERR_OPTIONS
   * @throws {SinkError} (rejects) ERR_JOURNAL_FORMAT, ERR_JOURNAL_FLOW
   * @example console.log((await flow(folder("./photos")).pipe(batch(), upload(app)).plan()).summary());
   */
  plan(options: PlanOptions = {}): Promise<Plan> {
    return planFlow((context) => this.#start(context), options);
  }

  /** Subscribes to the raw stream: messages, or the values of the last operator. Unsubscribing stops the sources. */
  subscribe(observer?: Partial<Observer<T>> | ((value: T) => void), options: StreamOptions = {}): Subscription {
    return this.#start(new RunContext(options), messagesIn).subscribe(observer as Partial<Observer<T>>);
  }

  /**
   * Returns the first inputs that reach the end of the flow, after its transforms. It reads at most a few more inputs than that.
   *
   * Sinks neither send nor write, as in a plan. The result prints as text: `console.log(await flow(…).preview())`. Rejects if a source cannot continue.
   *
   * @param count number of inputs, from 1. Default: 5.
   * @throws {OptionsError} ERR_OPTIONS
   * @example console.log(await flow(folder("./photos")).pipe(geoFromExif()).preview());
   */
  async preview(count = 5): Promise<Preview> {
    if (!(count >= 1))
      throw new OptionsError("ERR_OPTIONS", `preview: the count must be 1 or more, got ${formatValue(count)}`);
    return previewFlow((context) => this.#start(context), count);
  }

  /**
   * Runs the flow and returns the inputs that reach its end, in an array. They stay in memory, so use it for few inputs. Rejects if an input failed.
   *
   * @throws {FlowError} (rejects) the code of the first failed input
   * @example
   * import { take } from "rxjs";
   * console.log(await flow(folder("./photos")).pipe(take(3)).toArray());
   */
  async toArray(options: StreamOptions = {}): Promise<Input[]> {
    const context = new RunContext({ ...options, readsOnly: true });
    const reporter = new Reporter(context);
    const inputs: Input[] = [];
    await new Promise<void>((resolve, reject) => {
      this.#start(context).subscribe({
        next: (item) => {
          try {
            for (const message of messagesOf(item, "toArray")) inputs.push(displayedInput(message.value));
          } catch (error) {
            reject(error as Error);
          }
        },
        error: (error: unknown) => reject(error),
        complete: () => resolve(),
      });
    }).finally(() => {
      reporter.close();
      return context.closed();
    });
    const failed = failedInputsError(reporter.finish(false));
    if (failed) throw failed;
    return inputs;
  }

  /**
   * Runs the flow and yields each input that reaches its end: `for await (const input of flow(…))`. Sources are read when the consumer requests inputs, so
   * backpressure holds. An input is ok when the consumer requests the next one. Leaving the loop stops the flow and closes sources and sinks.
   *
   * After the last input, it throws a FlowError if inputs failed; `error.report` has the report.
   *
   * @example for await (const input of flow(folder("./photos")).pipe(geoFromExif())) console.log(input.id, input.geo);
   */
  [Symbol.asyncIterator](): AsyncGenerator<Input, void, void> {
    return this.#iterate({});
  }

  /**
   * Runs the flow and returns the inputs that reach its end as a web stream. Sources are read when the stream is read. Its errors are those of the
   * iteration. Cancelling the stream stops the flow.
   *
   * @example
   * const printed = new WritableStream({ write: (input) => console.log(input.id) });
   * await flow(csv("./rows.csv")).toReadableStream().pipeTo(printed);
   */
  toReadableStream(options: StreamOptions = {}): ReadableStream<Input> {
    const inputs = this.#iterate(options);
    const source: UnderlyingSource<Input> = {
      async pull(controller) {
        const { done, value } = await inputs.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => void (await inputs.return()),
    };
    return new ReadableStream(source, { highWaterMark: 0 });
  }

  #iterate(options: StreamOptions): AsyncGenerator<Input, void, void> {
    return iterate((context, messages) => this.#start(context, messages), options);
  }

  #start(context: RunContext, messages: MessagesAtEnd = messagesAtEnd): Observable<T> {
    return compose(this.#sources, this.#operators, context, messages) as Observable<T>;
  }
}

/**
 * Makes a flow of one source, or of several sources that are read in parallel.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example await flow(folder("./photos")).pipe(batch(), upload(app)).run();
 */
export function flow(source: Source | readonly Source[]): Flow<Message> {
  const sources = Array.isArray(source) ? (source as readonly Source[]) : [source as Source];
  for (const candidate of sources) {
    if (typeof (candidate as Partial<Source> | undefined)?.read === "function") continue;
    throw new OptionsError(
      "ERR_OPTIONS",
      `flow: the argument must be a source, such as folder(path), got ${formatValue(candidate)}`,
    );
  }
  shardOf(sources); // refuses different shards before the flow is composed
  return new Flow(sources);
}

/** Checks that only messages reach the end of a run: the input of any other value would have no outcome. */
function messagesAtEnd(item: unknown): readonly Message[] {
  return messagesOf(item, "the end of the flow");
}

function messagesIn(item: unknown): readonly Message[] {
  if (item instanceof Message) return [item];
  return Array.isArray(item) ? item.filter((entry) => entry instanceof Message) : [];
}
