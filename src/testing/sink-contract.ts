/** The contract of a sink, as a suite. */

import type { OperatorFunction } from "rxjs";
import { describe, expect, it } from "vitest";
import { batch } from "../core/batch.js";
import { flow } from "../core/flow.js";
import type { InputDraft } from "../core/input.js";
import type { Message } from "../core/message.js";
import type { Source } from "../core/plugin.js";

/** What `testSink` needs. */
export interface SinkFixture {
  sink: OperatorFunction<Message | readonly Message[], Message>;
  /** Three inputs or more that the sink can write. */
  inputs: readonly InputDraft[];
  /** Ids of what was written, in any order. */
  written: () => Promise<readonly string[]>;
}

/**
 * Tests what every sink must do: it writes what reaches it, alone or in batches, hands it on downstream, and survives an early stop. `create`
 * gives a fresh sink for each test.
 *
 * @example testSink("print", async () => ({ sink: print(), inputs, written: async () => printed }));
 */
export function testSink(name: string, create: () => Promise<SinkFixture>): void {
  const sourceOf = (inputs: readonly InputDraft[]): Source => ({
    name: "fixture",
    *read() {
      for (const [index, input] of inputs.entries()) yield { origin: `fixture:${index + 1}`, input };
    },
  });
  const idsOf = (inputs: readonly InputDraft[]) => inputs.map((input) => input.id ?? "").sort();

  describe(`${name} as a sink`, () => {
    it("writes single messages", async () => {
      const { sink, inputs, written } = await create();
      const report = await flow(sourceOf(inputs)).pipe(sink).run();
      expect(report.counts.ok).toBe(inputs.length);
      expect([...(await written())].sort()).toEqual(idsOf(inputs));
    });

    it("writes batches, and hands every message on", async () => {
      const { sink, inputs, written } = await create();
      const passed = await flow(sourceOf(inputs))
        .pipe(batch({ maxItems: 2 }), sink)
        .toArray();
      expect(passed.map((input) => input.id).sort()).toEqual(idsOf(inputs));
      expect([...(await written())].sort()).toEqual(idsOf(inputs));
    });

    it("completes without an input", async () => {
      const { sink } = await create();
      const report = await flow(sourceOf([])).pipe(sink).run();
      expect(report.counts.read).toBe(0);
    });

    it("stops when it is told to, and the sum still closes", async () => {
      const { sink, inputs } = await create();
      const abort = new AbortController();
      const running = flow(sourceOf(inputs)).pipe(sink).run({ signal: abort.signal });
      abort.abort();
      const { counts } = await running;
      expect(counts.read).toBe(counts.ok + counts.failed + counts.skipped + counts.pending);
    });
  });
}
