import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { describe, expect, it, onTestFinished } from "vitest";
import { batch, flow, InputError, transform, upload } from "../../../src/index.js";
import { sinkOf, texts } from "../../helpers/flows.js";
import { openStore } from "../../helpers/store.js";

/** A meter, and the values that a collection returns, by name and attributes. */
function openMeter() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  const collect = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    const values = metrics.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => [[descriptor.name, ...Object.values(attributes)].join(" "), value]),
    );
    return { errors, metrics, values: Object.fromEntries(values) as Record<string, number> };
  };
  return { meter: provider.getMeter("sluice"), collect };
}

describe("a meter", () => {
  it("has the counts of the report, by outcome, code and sink", async () => {
    const { app } = await openStore();
    const { meter, collect } = openMeter();
    let seen: Awaited<ReturnType<typeof collect>> | undefined;
    const report = await flow(texts(300))
      .pipe(
        transform((input) => {
          if (input.id === "t7") throw new InputError("ERR_SEVEN", "seven");
          return input.id === "t8" ? null : input;
        }),
        batch({ maxItems: 100 }),
        upload(app),
        sinkOf(async (inputs) => {
          if (inputs[0]?.id === "t299") seen = await collect();
        }),
      )
      .run({ meter });
    expect(report.counts).toMatchObject({ read: 300, ok: 298, failed: 1, skipped: 1 });
    const values = seen?.values ?? {};
    expect(seen?.errors).toEqual([]);
    expect(values).toMatchObject({
      "sluice.read.inputs": 300,
      "sluice.settled.inputs failed ERR_SEVEN transform": 1,
      "sluice.settled.inputs skipped": 1,
      "sluice.settled.inputs pending": 0,
      "sluice.client.retries": 0,
      "sluice.client.throttled": 0,
      "sluice.client.down.time": 0,
      "sluice.run.status working": 1,
      "sluice.run.status idle": 0,
      "sluice.run.status stalled": 0,
    });
    expect(values["sluice.client.io transmit"]).toBeGreaterThan(1000);
    expect(values["sluice.client.io receive"]).toBeGreaterThan(1000);
    expect(values["sluice.client.requests"]).toBeGreaterThanOrEqual(3);
    expect(values["sluice.client.concurrency.limit"]).toBeGreaterThanOrEqual(1);
    expect(values["sluice.sink.inputs upload"]).toBeGreaterThan(0);
    expect(values["sluice.active_inputs"]).toBeGreaterThan(0);
  });

  it("has names and units by the conventions of OpenTelemetry", async () => {
    const { meter, collect } = openMeter();
    let seen: Awaited<ReturnType<typeof collect>> | undefined;
    await flow(texts(1))
      .pipe(sinkOf(async () => void (seen = await collect())))
      .run({ meter });
    expect(seen?.values).toMatchObject({ "sluice.held_inputs": 1, "sluice.held.size": "text 0".length });
    for (const { descriptor } of seen?.metrics ?? []) {
      expect(descriptor.name).toMatch(/^sluice(\.[a-z_]+)+$/);
      expect(descriptor.unit).toMatch(/^(By|s|\{\w+\}(\/s)?)$/);
      expect(descriptor.description).toMatch(/\.$/);
    }
    expect(seen?.metrics.length).toBeGreaterThan(10);
  });

  it("does not read a run that has ended, also after an error", async () => {
    const { meter, collect } = openMeter();
    await flow(texts(1)).run({ meter });
    const broken = sinkOf(() => Promise.reject(new Error("broken")));
    await expect(flow(texts(1)).pipe(broken).run({ meter })).rejects.toThrow("broken");
    expect((await collect()).values).toEqual({});
  });

  it("is refused if it is not a meter", async () => {
    const meter = {} as never;
    await expect(flow(texts(1)).run({ meter })).rejects.toThrow(
      "run: meter: must be a Meter of OpenTelemetry, got an Object",
    );
  });
});
