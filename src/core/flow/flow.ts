/** flow(source).pipe(…).run(): the composition, and one execution of it. */

import type { MonoTypeOperatorFunction, Observer, OperatorFunction, Subscription, UnaryFunction } from "rxjs";
import { Message, messagesOf } from "../accounting/message.js";
import { RunContext } from "../accounting/run-context.js";
import { describeError, FlowError, OptionsError } from "../errors.js";
import type { Input } from "../input/input.js";
import type { Source } from "../plugin/plugin.js";
import { stagesOf } from "../plugin/stages.js";
import { displayedInput } from "../report/display.js";
import type { Report } from "../report/report.js";
import { Reporter } from "../report/reporter.js";
import { formatValue } from "../util/format-value.js";
import { guarded, Observable } from "../util/observable.js";
import { Checkpoint } from "./checkpoint.js";
import { type Plan, type PlanOptions, planFlow } from "./plan.js";
import { type Preview, previewFlow } from "./preview.js";
import { readAll } from "./read.js";
import { type RunOptions, runFlow } from "./run.js";

/** Options of a stream that is not a run: no journal, no signals. */
export type StreamOptions = Pick<RunOptions, "signal" | "maxInFlight" | "maxBytesInFlight">;

type Operators = readonly UnaryFunction<Observable<never>, Observable<unknown>>[];

/** Sources and the operators on them. Nothing is read before `run`, `subscribe` or `toArray`; each of these starts afresh. */
export class Flow<T = Message> {
  readonly #sources: readonly Source[];
  readonly #operators: Operators;

  constructor(sources: readonly Source[], operators: Operators = []) {
    this.#sources = sources;
    this.#operators = operators;
  }

  /** Adds operators: ours, and any RxJS operators between them. Typed like the `pipe` of RxJS. */
  pipe<A>(a: OperatorFunction<T, A>): Flow<A>;
  pipe<A, B>(a: OperatorFunction<T, A>, b: OperatorFunction<A, B>): Flow<B>;
  pipe<A, B, C>(a: OperatorFunction<T, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>): Flow<C>;
  pipe<A, B, C, D>(
    a: OperatorFunction<T, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
  ): Flow<D>;
  pipe<A, B, C, D, E>(
    a: OperatorFunction<T, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>,
  ): Flow<E>;
  pipe<A, B, C, D, E, F>(
    a: OperatorFunction<T, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>,
    f: OperatorFunction<E, F>,
  ): Flow<F>;
  pipe<A, B, C, D, E, F, G>(
    a: OperatorFunction<T, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>,
    f: OperatorFunction<E, F>,
    g: OperatorFunction<F, G>,
  ): Flow<G>;
  pipe<A, B, C, D, E, F, G, H>(
    a: OperatorFunction<T, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>,
    f: OperatorFunction<E, F>,
    g: OperatorFunction<F, G>,
    h: OperatorFunction<G, H>,
  ): Flow<H>;
  pipe<A, B, C, D, E, F, G, H, I>(
    a: OperatorFunction<T, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>,
    f: OperatorFunction<E, F>,
    g: OperatorFunction<F, G>,
    h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>,
    ...more: MonoTypeOperatorFunction<I>[]
  ): Flow<I>;
  pipe(...operators: Operators): Flow<unknown> {
    return new Flow(this.#sources, [...this.#operators, ...operators]);
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
    const context = new RunContext({ ...options, looks: true });
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
    const { failures } = reporter.finish(false);
    const [first] = failures;
    if (first)
      throw new FlowError(
        first.code,
        `${first.origin}: ${first.reason} [${first.stage}] (${failures.length} inputs failed)`,
      );
    return inputs;
  }

  /** `settling` tells the messages of what reaches the end, which are ok with that. */
  #start(context: RunContext, settling = messagesAtEnd): Observable<T> {
    let checkpoint = new Checkpoint();
    let lastStage: Checkpoint | undefined;
    let stream = checkpoint.watch(readAll(this.#sources, context));
    for (const [index, operator] of this.#operators.entries()) {
      const { made, stages } = stagesOf(() => applied(operator, stream, index + 1));
      const before = checkpoint;
      checkpoint = new Checkpoint(before, { name: operator.name, stages });
      before.isBeforeOperator = !checkpoint.hasStage;
      if (checkpoint.hasStage) lastStage = checkpoint;
      context.sinkCount += stages.filter(({ kind }) => kind === "sink").length;
      context.wholeRecords ||= stages.some(({ kind }) => kind === "wholeRecords");
      stream = checkpoint.watch(made);
    }
    if (lastStage) lastStage.isBehindLastStage = true;
    return finish(stream, context, settling) as Observable<T>;
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

/** The stream behind an operator. What is none is named by its place in the pipe, with the way to mend it. */
function applied(operator: unknown, stream: Observable<unknown>, place: number): Observable<unknown> {
  const name = typeof operator === "function" ? operator.name : "";
  const which = `pipe: argument ${place}${name === "" ? "" : `, ${name},`}`;
  const hint = `a function that changes inputs goes into transform(${name || "…"})`;
  if (typeof operator !== "function") {
    throw new OptionsError(
      "ERR_OPTIONS",
      `${which} must be an operator, such as batch(), got ${formatValue(operator)}`,
    );
  }
  let made: unknown;
  try {
    made = operator(stream);
  } catch (error) {
    if (error instanceof FlowError) throw error;
    const text = `${which} is no operator: it threw "${describeError(error)}" on the stream; ${hint}`;
    throw new OptionsError("ERR_OPTIONS", text, { cause: error });
  }
  if (typeof (made as Partial<Observable<unknown>> | undefined)?.subscribe === "function") {
    return made as Observable<unknown>;
  }
  const isFactory = typeof made === "function";
  const mend = isFactory ? `it makes one when it is called: ${name}(…)` : hint;
  if (made instanceof Promise) made.catch(() => undefined); // of an async function, which nobody waits for
  throw new OptionsError(
    "ERR_OPTIONS",
    `${which} is no operator: it gave ${formatValue(made)} for the stream; ${mend}`,
  );
}

/** What reaches the end unsettled and unheld went through the whole flow: it is ok. */
function finish(
  stream: Observable<unknown>,
  context: RunContext,
  settling: (item: unknown) => readonly Message[],
): Observable<unknown> {
  return new Observable((output) => {
    let isOver = false;
    const subscription = stream.subscribe({
      next: guarded(output, (item) => {
        const messages = settling(item);
        output.next(item);
        for (const message of messages) message.settle({ state: "ok" });
      }),
      error: (error: unknown) => {
        isOver = true;
        context.left = true; // an error cuts what is under way
        output.error(error);
      },
      complete: () => {
        isOver = true;
        context.isWhole = true;
        output.complete();
      },
    });
    return () => {
      if (!isOver) context.left = true;
      subscription.unsubscribe();
    };
  });
}

/** What becomes something else before the end of a run would have no outcome. */
function messagesAtEnd(item: unknown): readonly Message[] {
  return messagesOf(item, "the end of the flow");
}

function messagesIn(item: unknown): readonly Message[] {
  if (item instanceof Message) return [item];
  return Array.isArray(item) ? item.filter((entry) => entry instanceof Message) : [];
}
