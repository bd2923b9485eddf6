/** The contract of a source, as a suite. */

import { tap } from "rxjs";
import { describe, expect, it } from "vitest";
import { pluginError, SourceError } from "../core/errors.js";
import { flow } from "../core/flow/flow.js";
import type { ReadContext, Source, SourceItem, SourceStep } from "../core/plugin/source.js";
import { within } from "./fixture-source.js";

/** What `testSource` needs. */
export interface SourceFixture {
  /** A source with at least three inputs. */
  source: Source;
  /** The ids of all its inputs, in the order in which they come. */
  ids: readonly string[];
  /** Whether all that it opened is closed; asked after a stop and after an abort. Default: not asked. */
  isClosed?: () => boolean | Promise<boolean>;
}

/** A source that goes on after this many is taken for endless. */
const mostItems = 10_000;

type Items = Iterator<SourceStep | Promise<SourceStep>> | AsyncIterator<SourceStep>;

/**
 * Tests what every source must do: it yields the same inputs when it is read again, gives every item an origin, and ends without an error when
 * it is stopped or its signal is aborted in the middle. Items with an error, and skipped ones, may stand between the inputs. `create` gives a
 * fresh source for each test.
 *
 * @example testSource("lines", async () => ({ source: lines({ texts: ["a", "b", "c"] }), ids: ["a", "b", "c"] }));
 */
export function testSource(name: string, create: () => Promise<SourceFixture>): void {
  describe(`${name} as a source`, () => {
    it("yields its inputs, the same when it is read again", async () => {
      const { source, ids } = await create();
      const first = await idsOf(source, ids.length);
      expect(first, `${name}: the ids of what it yields, beside ids of the fixture`).toEqual(ids);
      const second = await idsOf(source, ids.length);
      expect(second, `${name}: read again, it must yield the same; read begins anew each time`).toEqual(first);
    });

    it("gives every item an origin", async () => {
      const { source, ids } = await create();
      const items = await itemsOf(source, ids.length);
      const without = items.filter((item) => typeof item?.origin !== "string" || item.origin === "");
      expect(without, `${name}: each item says where it came from, { origin: "file.csv:17", … }`).toEqual([]);
    });

    it("stops after the first item without an error", async () => {
      const { source, isClosed } = await create();
      const iterator = iteratorOf(source);
      const first = await within(iterator.next(), `${name}: its first item did not come`);
      expect(first.done, `${name}: it must yield its first item, and ended`).not.toBe(true);
      if (!iterator.return) return; // a list, say, has nothing to close
      await within(iterator.return(), `${name}: stopped after its first item, it did not end`);
      const after = await iterator.next();
      expect(after.done, `${name}: stopped after its first item, it must be at its end, and not go on`).toBe(true);
      if (isClosed) expect(await isClosed(), `${name}: stopped early, it must close in finally`).toBe(true);
    });

    it("ends when its signal is aborted", async () => {
      const { source, ids, isClosed } = await create();
      const abort = new AbortController();
      const iterator = iteratorOf(source, { signal: abort.signal });
      await within(iterator.next(), `${name}: its first item did not come`);
      abort.abort();
      // What it has at hand may still come, and it may throw the reason of the signal; to wait on is what it must not.
      const rest = async () => {
        for (const _ of ids) if ((await iterator.next()).done) break;
        await iterator.return?.();
      };
      const ended = rest().catch(() => undefined);
      await within(
        ended,
        `${name}: it waits on after context.signal was aborted; pass the signal on to what it waits for`,
      );
      if (isClosed) expect(await isClosed(), `${name}: aborted, it must close in finally`).toBe(true);
    });
  });

  /** The ids of its inputs as a flow completes them; fails where the shape of one is wrong. */
  async function idsOf(source: Source, inputs: number): Promise<string[]> {
    const items = await itemsOf(source, inputs);
    const ids: string[] = [];
    const report = await flow({ name, read: () => items })
      .pipe(tap((message) => ids.push(message.value.id)))
      .run();
    const told = new Set(items.filter((item) => isItem(item) && "error" in item).map(({ origin }) => origin));
    const broken = report.failures.filter(({ origin }) => !told.has(origin));
    const reasons = broken.map(({ origin, reason }) => `${origin}: ${reason}`);
    expect(reasons, `${name}: items that cannot become inputs`).toEqual([]);
    return ids;
  }

  /** All items; of a source that goes on after its inputs, as many as show it. */
  async function itemsOf(source: Source, inputs: number): Promise<SourceItem[]> {
    const iterator = iteratorOf(source);
    const items: SourceItem[] = [];
    try {
      for (let found = 0; found <= inputs && items.length < mostItems; ) {
        const after = items.length === 0 ? "at its start" : `after ${items.at(-1)?.origin}`;
        const next = await within(iterator.next(), `${name}: it neither yields nor ends, ${after}`);
        if (next.done) break;
        const step = await within(next.value, `${name}: a promise that it yielded is never done, ${after}`);
        const several = Array.isArray(step) ? (step as SourceItem[]) : [step as SourceItem];
        items.push(...several);
        found += several.filter((item) => isItem(item) && "input" in item).length;
      }
    } catch (error) {
      throw pluginError(error, name, SourceError);
    } finally {
      void Promise.resolve(iterator.return?.()).catch(() => undefined); // one that hangs would not close either
    }
    return items;
  }

  function iteratorOf(source: Source, context: ReadContext = { signal: new AbortController().signal }): Items {
    const items = source.read(context);
    if (Symbol.asyncIterator in items) return items[Symbol.asyncIterator]();
    if (Symbol.iterator in items) return items[Symbol.iterator]();
    throw new TypeError(`${name}: read must be a generator (*read or async *read), or return an iterable`);
  }
}

function isItem(item: unknown): item is SourceItem {
  return typeof item === "object" && item !== null;
}
