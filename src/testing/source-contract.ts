/** The contract of a source, as a suite. */

import { describe, expect, it } from "vitest";
import { flow } from "../core/flow.js";
import type { Source } from "../core/plugin.js";

/** What `testSource` needs. */
export interface SourceFixture {
  /** A source with at least three inputs. */
  source: Source;
  /** Its inputs, at least; in the order in which they come. */
  ids: readonly string[];
}

/**
 * Tests what every source must do: it yields one item when it is asked for one, can be read again, stops early without an error, and gives every
 * item an origin. `create` gives a fresh source for each test.
 *
 * @example testSource("lines", async () => ({ source: lines({ texts: ["a", "b", "c"] }), ids: ["a", "b", "c"] }));
 */
export function testSource(name: string, create: () => Promise<SourceFixture>): void {
  describe(`${name} as a source`, () => {
    it("yields its inputs, the same when it is read again", async () => {
      const { source, ids } = await create();
      const first = (await flow(source).toArray()).map((input) => input.id);
      const second = (await flow(source).toArray()).map((input) => input.id);
      expect(first).toEqual(ids);
      expect(second).toEqual(first);
    });

    it("gives every item an origin", async () => {
      const { source } = await create();
      for await (const step of source.read({ signal: new AbortController().signal })) {
        for (const item of Array.isArray(step) ? step : [step]) expect(item.origin).not.toBe("");
      }
    });

    it("stops after the first item without an error", async () => {
      const { source } = await create();
      const items = source.read({ signal: new AbortController().signal });
      const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
      expect((await iterator.next()).done).toBe(false);
      await iterator.return?.();
      expect((await iterator.next()).done).toBe(true);
    });

    it("ends when its signal is aborted", async () => {
      const { source } = await create();
      const abort = new AbortController();
      abort.abort();
      const report = await flow(source).run({ signal: abort.signal });
      expect(report.stopped).toBe(true);
      expect(report.counts.ok).toBe(0);
    });
  });
}
