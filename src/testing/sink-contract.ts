/** The contract of a sink, as a suite. */

import { concatMap, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import type { Message } from "../core/accounting/message.js";
import { flow } from "../core/flow/flow.js";
import type { InputDraft } from "../core/input/input.js";
import { batchBy } from "../core/plugin/batch-by.js";
import type { Stage } from "../core/plugin/stage.js";
import type { Report } from "../core/report/report.js";
import { fixtureSource, within, witness } from "./fixture-source.js";

/** What `testSink` needs. */
export interface SinkFixture {
  sink: Stage<Message | readonly Message[], Message>;
  /** Three inputs or more that the sink can write. */
  inputs: readonly InputDraft[];
  /** Ids of what was written, in any order; asked while the sink is open, too. */
  written: () => Promise<readonly string[]>;
  /** Whether all that it opened is closed; asked at the end and after a stop. Default: not asked. */
  isClosed?: () => boolean | Promise<boolean>;
}

/**
 * Tests what every sink must do: it writes what reaches it, alone or in batches, before it hands it on downstream, leaves the inputs unchanged,
 * writes nothing in a plan, and survives an early stop. `create` gives a fresh sink for each test.
 *
 * @example testSink("print", async () => ({ sink: print(), inputs, written: async () => printed }));
 */
export function testSink(name: string, create: () => Promise<SinkFixture>): void {
  describe(`${name} as a sink`, () => {
    it("writes single messages", async () => {
      const { sink, inputs, written, isClosed } = await create();
      const report = await ended(flow(fixtureSource(inputs)).pipe(sink).run());
      expectAllOk(report, inputs);
      expect([...(await written())].sort(), `${name}: what is written, beside the inputs`).toEqual(idsOf(inputs));
      if (isClosed) expect(await isClosed(), `${name}: at the end, close must close what open opened`).toBe(true);
    });

    it("writes batches, and hands every message on", async () => {
      const { sink, inputs, written } = await create();
      const { before, after, look } = witness();
      const passed: string[] = [];
      const running = flow(fixtureSource(inputs))
        .pipe(
          look,
          batchBy({ maxItems: 2 }),
          sink,
          tap(({ value }) => passed.push(value.id)),
        )
        .run();
      expectAllOk(await ended(running), inputs);
      expect(after, `${name}: it must leave the inputs that it writes unchanged`).toEqual(before);
      expect(passed.sort(), `${name}: what it hands on, beside the inputs`).toEqual(idsOf(inputs));
      expect([...(await written())].sort(), `${name}: what is written, beside the inputs`).toEqual(idsOf(inputs));
    });

    it("has written what it hands on", async () => {
      const { sink, inputs, written } = await create();
      const missing: string[] = [];
      const look = async (message: Message) => {
        if (!(await written()).includes(message.value.id)) missing.push(message.value.id);
        return message;
      };
      const running = flow(fixtureSource(inputs)).pipe(batchBy({ maxItems: 2 }), sink, concatMap(look));
      expectAllOk(await ended(running.run()), inputs);
      const text = `${name}: handed on before they were written; write must resolve when the data are where they should be`;
      expect(missing, text).toEqual([]);
    });

    it("writes nothing in a plan", async () => {
      const { sink, inputs, written } = await create();
      await ended(flow(fixtureSource(inputs)).pipe(sink).plan());
      const there = await written().catch(() => []); // there is no file, say
      expect(there, `${name}: a plan must write nothing`).toEqual([]);
    });

    it("completes without an input", async () => {
      const { sink } = await create();
      const report = await ended(flow(fixtureSource([])).pipe(sink).run());
      expect(report.counts.read).toBe(0);
    });

    it("stops when it is told to, and the sum still closes", async () => {
      const { sink, inputs, isClosed } = await create();
      const abort = new AbortController();
      const stop = tap<Message>(() => abort.abort()); // in the middle: the sink is about to get its first input
      const running = flow(fixtureSource(inputs)).pipe(stop, sink).run({ signal: abort.signal });
      const { counts } = await ended(running);
      expect(counts.read).toBe(counts.ok + counts.failed + counts.skipped + counts.pending);
      if (isClosed) expect(await isClosed(), `${name}: aborted, close must close what open opened`).toBe(true);
    });
  });

  function ended<T>(running: Promise<T>): Promise<T> {
    return within(running, `${name}: the run does not end; do open, write and close resolve?`);
  }

  function expectAllOk({ failures, counts }: Report, inputs: readonly InputDraft[]): void {
    const reasons = failures.map(({ origin, code, reason }) => `${origin}: ${reason} [${code}]`);
    expect(reasons, `${name}: every input of the fixture must be written`).toEqual([]);
    expect(counts.ok, `${name}: inputs that are ok`).toBe(inputs.length);
  }
}

function idsOf(inputs: readonly InputDraft[]): string[] {
  return inputs.map((input) => input.id ?? "").sort();
}
