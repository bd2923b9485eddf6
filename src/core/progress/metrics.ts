/** Metrics: lets an OpenTelemetry meter read the counters of a run. */

import type { RunContext } from "../accounting/run-context.js";
import { others } from "../report/reason-groups.js";
import type { Reporter } from "../report/reporter.js";
import type { Activity } from "./health.js";

type Attributes = Record<string, string>;
type Observe = (value: number, attributes?: Attributes) => void;

interface BatchResult {
  // biome-ignore lint/suspicious/noExplicitAny: an instrument of any meter
  observe(instrument: any, value: number, attributes?: Attributes): void;
}

interface InstrumentOptions {
  description: string;
  unit: string;
}

/** The part of an OpenTelemetry `Meter` (`@opentelemetry/api` 1.3 or later) that a run uses. */
export interface MetricsMeter {
  createObservableCounter(name: string, options: InstrumentOptions): object;
  createObservableUpDownCounter(name: string, options: InstrumentOptions): object;
  createObservableGauge(name: string, options: InstrumentOptions): object;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  addBatchObservableCallback(callback: (result: BatchResult) => void, instruments: any[]): void;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  removeBatchObservableCallback(callback: (result: BatchResult) => void, instruments: any[]): void;
}

interface Run {
  context: RunContext;
  reporter: Reporter;
  activity: Activity;
}

/** One metric. The meter calls `read` when it collects. */
interface Measure extends InstrumentOptions {
  kind: "Counter" | "UpDownCounter" | "Gauge";
  name: string;
  read(run: Run, observe: Observe): void;
}

const inputs = "{input}";
const requests = "{request}";

const measures: readonly Measure[] = [
  {
    kind: "Counter",
    name: "sluice.read.inputs",
    description: "Inputs read from the sources.",
    unit: inputs,
    read: ({ context }, observe) => observe(context.accounting.ledger.counts.read),
  },
  {
    kind: "Counter",
    name: "sluice.settled.inputs",
    description: "Inputs that have an outcome.",
    unit: inputs,
    read: ({ context, reporter }, observe) => {
      const { counts } = context.accounting.ledger;
      for (const state of ["ok", "skipped", "pending"] as const) observe(counts[state], { "sluice.outcome": state });
      for (const { code, stage, count } of reporter.failureGroups) {
        const type = code === others ? "_OTHER" : code;
        observe(count, { "sluice.outcome": "failed", "error.type": type, "sluice.stage": stage });
      }
    },
  },
  {
    kind: "UpDownCounter",
    name: "sluice.active_inputs",
    description: "Inputs that were read and have no outcome yet.",
    unit: inputs,
    read: ({ context }, observe) => observe(context.accounting.ledger.counts.inFlight),
  },
  {
    kind: "UpDownCounter",
    name: "sluice.held_inputs",
    description: "Inputs that the stages hold. Their number bounds the reading of sources.",
    unit: inputs,
    read: ({ context }, observe) => observe(context.accounting.budget.held),
  },
  {
    kind: "UpDownCounter",
    name: "sluice.held.size",
    description: "Bytes of held inputs in memory.",
    unit: "By",
    read: ({ context }, observe) => observe(context.accounting.budget.bytes),
  },
  {
    kind: "Counter",
    name: "sluice.sink.inputs",
    description: "Inputs that a sink wrote and passed on.",
    unit: inputs,
    read: ({ context }, observe) => bySink(context, observe, ({ done }) => done),
  },
  {
    kind: "UpDownCounter",
    name: "sluice.sink.active_inputs",
    description: "Inputs in progress in a sink.",
    unit: inputs,
    read: ({ context }, observe) => bySink(context, observe, ({ underWay }) => underWay),
  },
  {
    kind: "Counter",
    name: "sluice.client.requests",
    description: "Requests sent, including retries.",
    unit: requests,
    read: ({ context }, observe) => observe(context.clients.traffic.requests),
  },
  {
    kind: "Counter",
    name: "sluice.client.retries",
    description: "Retries of requests.",
    unit: requests,
    read: ({ context }, observe) => observe(context.clients.traffic.retries),
  },
  {
    kind: "Counter",
    name: "sluice.client.throttled",
    description: "Requests that the server refused because of its rate limit.",
    unit: requests,
    read: ({ context }, observe) => observe(context.clients.traffic.throttled),
  },
  {
    kind: "Counter",
    name: "sluice.client.io",
    description: "Bytes of request and response bodies.",
    unit: "By",
    read: ({ context }, observe) => {
      observe(context.clients.traffic.bytesSent, { "network.io.direction": "transmit" });
      observe(context.clients.traffic.bytesReceived, { "network.io.direction": "receive" });
    },
  },
  {
    kind: "Gauge",
    name: "sluice.client.rate.limit",
    description: "Requests a second that the server allows; absent without a limit.",
    unit: "{request}/s",
    read: ({ context }, observe) => {
      const { perSecond } = context.clients.pacing;
      if (Number.isFinite(perSecond)) observe(perSecond);
    },
  },
  {
    kind: "Gauge",
    name: "sluice.client.concurrency.limit",
    description: "Requests that may be open at once, as measured so far.",
    unit: requests,
    read: ({ context }, observe) => observe(context.clients.pacing.limit),
  },
  {
    kind: "Gauge",
    name: "sluice.client.down.time",
    description: "Time since the server stopped answering; 0 while it answers.",
    unit: "s",
    read: ({ context }, observe) => observe(context.clients.pacing.downForMs / 1000),
  },
  {
    kind: "Gauge",
    name: "sluice.quiet.time",
    description: "Time since something was read, sent or settled.",
    unit: "s",
    read: ({ activity }, observe) => observe(activity.check().quietMs / 1000),
  },
  {
    kind: "UpDownCounter",
    name: "sluice.run.status",
    description: "1 for the current state of the run, 0 for the others.",
    unit: "{run}",
    read: ({ activity }, observe) => {
      const { health } = activity.check();
      for (const state of ["working", "idle", "stalled"]) observe(state === health ? 1 : 0, { "sluice.state": state });
    },
  },
];

/** Lets the meter read a run; returns a function that ends this. */
export function startMetrics(meter: MetricsMeter, run: Run): () => void {
  const instruments = measures.map(({ kind, name, description, unit }) =>
    meter[`createObservable${kind}`](name, { description, unit }),
  );
  const read = (result: BatchResult) => {
    for (const [index, measure] of measures.entries()) {
      measure.read(run, (value, attributes) => result.observe(instruments[index], value, attributes));
    }
  };
  meter.addBatchObservableCallback(read, instruments);
  return () => meter.removeBatchObservableCallback(read, instruments);
}

/** Observes a count of each sink. Sinks with the same name are counted together. */
function bySink(
  { accounting: { sinks } }: RunContext,
  observe: Observe,
  count: (sink: { done: number; underWay: number }) => number,
): void {
  const sums = new Map<string, number>();
  for (const sink of sinks) sums.set(sink.name, (sums.get(sink.name) ?? 0) + count(sink));
  for (const [name, sum] of sums) observe(sum, { "sluice.sink": name });
}
