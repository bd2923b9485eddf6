/** The contract of a sink, as a test suite. */

import { concatMap, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import type { Message } from "../core/accounting/message.js";
import { flow } from "../core/flow/flow.js";
import type { InputDraft } from "../core/input/input.js";
import { batchBy } from "../core/plugin/batch/batch-by.js";
import type { Stage } from "../core/plugin/stage.js";
import type { Report } from "../core/report/report.js";
import { fixtureSource, recordInputs, within } from "./fixture-source.js";

/** What `testSink` needs. */
export interface SinkFixture {
  sink: Stage<Message | readonly Message[], Message>;
  /** At least three inputs that the sink can write. */
  inputs: readonly InputDraft[];
  /** Returns the ids of the written inputs, in any order. The suite also calls it while the sink is open. */
  written: () => Promise<readonly string[]>;
  /** Whether everything that the sink opened is closed. The suite calls it at the end and after a stop. Default: not checked. */
  isClosed?: () => boolean | Promise<boolean>;
}

/**
 * Tests the contract of a sink: it writes single messages and batches, writes each input before it emits it downstream, leaves the inputs unchanged,
 * writes nothing in a plan, and survives an early stop. Calls `create` for a new sink in each test.
 *
 * @example
 * const inputs = [{ id: "a", text: "calm sea" }, { id: "b", text: "rough sea" }];
 * testSink("print", async () => {
 *   const printed: string[] = [];
 *   const print = defineSink({
 *     name: "print",
 *     async write(batch) {
 *       printed.push(...batch.inputs.map((input) => input.id));
 *     },
 *   });
 *   return { sink: print(), inputs, written: async () => printed };
 * });
 */
export function testSink(name: string, create: () => Promise<SinkFixture>): void {
  describe(`${name} as a sink`, () => {
    it("writes single messages", async () => {
      const { sink, inputs, written, isClosed } = await create();
      const report = await ended(name, flow(fixtureSource(inputs)).pipe(sink).run());
      expectAllOk(name, report, inputs);
      expectIds(name, await written(), inputs, "it must write every input once");
      if (isClosed) expect(await isClosed(), `${name}: close must close at the end what open opened`).toBe(true);
    });

    it("writes batches and emits every message", async () => {
      const { sink, inputs, written } = await create();
      const { copies, originals, record } = recordInputs();
      const emitted: string[] = [];
      const collect = tap<Message>(({ value }) => emitted.push(value.id));
      const running = flow(fixtureSource(inputs))
        .pipe(record, batchBy({ maxItems: 2 }), sink, collect)
        .run();
      expectAllOk(name, await ended(name, running), inputs);
      expect(originals, `${name}: it must not change the inputs that it writes`).toEqual(copies);
      expectIds(name, emitted, inputs, "it must emit every input once");
      expectIds(name, await written(), inputs, "it must write every input once");
    });

    it("writes an input before it emits it", async () => {
      const { sink, inputs, written } = await create();
      const missing: string[] = [];
      const checkWritten = async (message: Message) => {
        if (!(await written()).includes(message.value.id)) missing.push(message.value.id);
        return message;
      };
      const running = flow(fixtureSource(inputs)).pipe(batchBy({ maxItems: 2 }), sink, concatMap(checkWritten));
      expectAllOk(name, await ended(name, running.run()), inputs);
      const text = `${name}: inputs were emitted before they were written; write must resolve after the data are stored`;
      expect(missing, text).toEqual([]);
    });

    it("writes nothing in a plan", async () => {
      const { sink, inputs, written } = await create();
      await ended(name, flow(fixtureSource(inputs)).pipe(sink).plan());
      const ids = await written().catch(() => []); // fails, for example, if there is no file
      expect(ids, `${name}: a plan must write nothing`).toEqual([]);
    });

    it("completes without an input", async () => {
      const { sink } = await create();
      const report = await ended(name, flow(fixtureSource([])).pipe(sink).run());
      expect(report.counts.read).toBe(0);
    });

    it("stops on an abort with a report that closes", async () => {
      const { sink, inputs, isClosed } = await create();
      const abort = new AbortController();
      const stop = tap<Message>(() => abort.abort()); // aborts when the sink is about to receive its first input
      const running = flow(fixtureSource(inputs)).pipe(stop, sink).run({ signal: abort.signal });
      const { counts } = await ended(name, running);
      expect(counts.read).toBe(counts.ok + counts.failed + counts.skipped + counts.pending);
      if (isClosed) expect(await isClosed(), `${name}: close must close after an abort what open opened`).toBe(true);
    });
  });
}

function ended<T>(name: string, running: Promise<T>): Promise<T> {
  return within(running, `${name}: the run does not end; do open, write and close resolve?`);
}

function expectAllOk(name: string, { failures, counts }: Report, inputs: readonly InputDraft[]): void {
  const reasons = failures.map(({ origin, code, reason }) => `${origin}: ${reason} [${code}]`);
  expect(reasons, `${name}: it must write every input of the fixture`).toEqual([]);
  expect(counts.ok, `${name}: the number of inputs that are ok`).toBe(inputs.length);
}

function expectIds(name: string, ids: readonly string[], inputs: readonly InputDraft[], rule: string): void {
  expect(ids.toSorted(), `${name}: ${rule}`).toEqual(inputs.map((input) => input.id ?? "").sort());
}
