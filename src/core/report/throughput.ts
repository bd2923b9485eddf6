/** Throughput: counts settled inputs over time, in a bounded number of equal spans. */

import type { RunContext } from "../accounting/run-context.js";

/** Settled inputs over time. */
export interface Throughput {
  /** Length of a span, in milliseconds. */
  spanMs: number;
  /** Inputs that settled in each span, from the start of the run. */
  inputs: number[];
}

const maxSpans = 120;
const firstSpanMs = 250;

/** Reads the counters from time to time. If there are too many spans, it merges them in pairs. */
export class ThroughputLog implements Throughput {
  spanMs = firstSpanMs;
  inputs: number[] = [];
  readonly #context: RunContext;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #settled = 0;

  constructor(context: RunContext) {
    this.#context = context;
    this.#timer = setInterval(() => this.#count(), firstSpanMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  end(): Throughput {
    this.close();
    this.#count();
    return { spanMs: this.spanMs, inputs: this.inputs };
  }

  #count(): void {
    const { read, inFlight } = this.#context.accounting.ledger.counts;
    const fresh = read - inFlight - this.#settled;
    this.#settled += fresh;
    const elapsedMs = performance.now() - this.#startedAt;
    while (elapsedMs / this.spanMs >= maxSpans) this.#halve();
    const span = Math.floor(elapsedMs / this.spanMs);
    while (this.inputs.length <= span) this.inputs.push(0);
    this.inputs[span] = (this.inputs[span] ?? 0) + fresh;
  }

  #halve(): void {
    this.spanMs *= 2;
    const pairs = Array.from({ length: Math.ceil(this.inputs.length / 2) }, (_, n) => n * 2);
    this.inputs = pairs.map((at) => (this.inputs[at] ?? 0) + (this.inputs[at + 1] ?? 0));
  }
}
