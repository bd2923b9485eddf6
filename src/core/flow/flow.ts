/** flow(source).pipe(…).run(): the composition, and one execution of it. */

import { ReadableStream, type UnderlyingSource } from "node:stream/web";
import type { Observer, Subscription } from "rxjs";
import { Message } from "../accounting/message.js";
import { messagesOf } from "../accounting/message-of.js";
import { RunContext } from "../accounting/run-context.js";
import { OptionsError } from "../errors.js";
import type { Input } from "../input/input.js";
import type { Source } from "../plugin/source.js";
import type { Stage } from "../plugin/stage.js";
import { displayedInput } from "../report/display.js";
import type { Report } from "../report/report.js";
import { Reporter } from "../report/reporter.js";
import { formatValue } from "../util/format-value.js";
import type { Observable } from "../util/observable.js";
import { checkAcknowledged, compose, type MessagesAtEnd, type Operators } from "./compose.js";
import { failedInputsError, iterate } from "./iterate.js";
import { type Plan, type PlanOptions, planFlow } from "./plan.js";
import { type Preview, previewFlow } from "./preview.js";
import { type RunOptions, runFlow, type StreamOptions } from "./run.js";

/** Sources and the operators on them. Nothing is read before `run`, `subscribe` or `toArray`; each of these starts afresh. */
export class Flow<T = Message> {
  readonly #sources: readonly Source[];
  readonly #operators: Operators;

  constructor(sources: readonly Source[], operators: Operators = []) {
    this.#sources = sources;
    this.#operators = operators;
  }

  /** Adds operators: ours, and any RxJS operators between them. Typed like the `pipe` of RxJS. */
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
   * Runs the flow to its end and tells what became of every input.
   *
   * A message that reaches the end unsettled is ok. Resolves when every input has its outcome, also when inputs failed or the run
   * was stopped; rejects only when a source or a sink cannot go on (SourceError, SinkError; what a plugin threw is their `cause`), the journal and the
   * dead letters among them. Either way its sources, sinks and files are closed by then. With a journal or dead letters, an outcome counts once it is on the
   * disk.
   *
   * @throws {OptionsError} ERR_OPTIONS
   * @throws {SinkError} (rejects) ERR_JOURNAL_LOCKED, ERR_JOURNAL_FORMAT, ERR_JOURNAL_FLOW, ERR_JOURNAL_UNWRITABLE; ERR_DEAD_LETTERS_…
   * @example const report = await flow(folder("./photos")).pipe(batch(), upload(app)).run({ journal: "./photos.journal" });
   */
  run(options: RunOptions = {}): Promise<Report> {
    return runFlow(this.#sources, (context) => this.#start(context), options);
  }

  /**
   * Tells what `run` would do, and does not do it: batches, requests, bytes, the time that the requests take at the account's rate, and each input that
   * would be refused or skipped, with its reason.
   *
   * Sources are read and transforms run, as in the run and with all that they do by themselves; sinks count. Nothing is sent, and no file is written: no
   * journal, no dead letters, no download. What only the server can say is not in it: ids that are taken (`conflict`, `resume`), failures of
   * processing, requests that are sent again. A batch that goes for its age (`maxWaitMs`) may be cut in another place. Rejects as `run` does when a
   * source cannot go on, and on an abort.
   *
   * @throws {OptionsError} ERR_OPTIONS
   * @throws {SinkError} (rejects) ERR_JOURNAL_FORMAT, ERR_JOURNAL_FLOW
   * @example console.log((await flow(folder("./photos")).pipe(batch(), upload(app)).plan()).summary());
   */
  plan(options: PlanOptions = {}): Promise<Plan> {
    return planFlow((context) => this.#start(context), options);
  }

  /** Subscribes to the raw stream: messages, or what the last operator makes of them. Unsubscribing stops the sources. */
  subscribe(observer?: Partial<Observer<T>> | ((value: T) => void), options: StreamOptions = {}): Subscription {
    return this.#start(new RunContext(options), messagesIn).subscribe(observer as Partial<Observer<T>>);
  }

  /**
   * Takes a look at the first inputs that come out of the flow, after its transforms; no more than that is read, or little more where it is batched.
   *
   * Sinks send and write nothing, as in a plan. What it gives prints well: `console.log(await flow(…).preview())`. Rejects when a source cannot go
   * on.
   *
   * @param count how many, from 1. Default: 5.
   * @throws {OptionsError} ERR_OPTIONS
   * @example console.log(await flow(folder("./photos")).pipe(geoFromExif()).preview());
   */
  async preview(count = 5): Promise<Preview> {
    if (!(count >= 1))
      throw new OptionsError("ERR_OPTIONS", `preview: the count must be 1 or more, got ${formatValue(count)}`);
    return previewFlow((context) => this.#start(context), count);
  }

  /** Runs the flow and collects the inputs that reach its end; for looking at a few, which print well. Failed inputs reject. */
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
   * Runs the flow and yields each input that reaches its end: `for await (const input of flow(…))`. Sources are read as the consumer asks, so
   * backpressure holds. An input counts as ok when the consumer asks for the next one. To leave the loop stops the flow and closes sources and sinks.
   *
   * After the last input, it throws a FlowError if inputs failed; `error.report` has the report.
   *
   * @example for await (const input of flow(folder("./photos")).pipe(geoFromExif())) console.log(input.id, input.geo);
   */
  [Symbol.asyncIterator](): AsyncGenerator<Input, void, void> {
    return this.#iterate({});
  }

  /**
   * Runs the flow and gives the inputs that reach its end as a web stream. It pulls: sources are read as the stream is read. Its errors are those of the
   * iteration. To cancel the stream stops the flow.
   *
   * @example await flow(csv("./rows.csv")).toReadableStream().pipeTo(writable);
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
 * Starts a flow from one source, or from several that are read side by side.
 *
 * @example await flow(folder("./photos")).pipe(batch(), upload(app)).run();
 */
export function flow(source: Source | readonly Source[]): Flow<Message> {
  const sources = Array.isArray(source) ? (source as readonly Source[]) : [source as Source];
  for (const given of sources) {
    if (typeof (given as Partial<Source> | undefined)?.read === "function") continue;
    throw new OptionsError(
      "ERR_OPTIONS",
      `flow: it begins with a source, such as folder(path), got ${formatValue(given)}`,
    );
  }
  return new Flow(sources);
}

/** What becomes something else before the end of a run would have no outcome. */
function messagesAtEnd(item: unknown): readonly Message[] {
  return messagesOf(item, "the end of the flow");
}

function messagesIn(item: unknown): readonly Message[] {
  if (item instanceof Message) return [item];
  return Array.isArray(item) ? item.filter((entry) => entry instanceof Message) : [];
}
