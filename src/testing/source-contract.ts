/** The contract of a source, as a test suite. */

import { tap } from "rxjs";
import { describe, expect, it } from "vitest";
import { pluginError, SourceError } from "../core/errors.js";
import { flow } from "../core/flow/flow.js";
import type { ReadContext, Source, SourceItem, SourceStep } from "../core/plugin/source.js";
import { isObject } from "../core/util/json/json-values.js";
import { within } from "./fixture-source.js";

/** What `testSource` needs. */
export interface SourceFixture {
  /** A source with at least three inputs. */
  source: Source;
  /** The ids of all its inputs, in the order in which it yields them. */
  ids: readonly string[];
  /** Whether everything that the source opened is closed. The suite calls it after a stop and after an abort. Default: not checked. */
  isClosed?: () => boolean | Promise<boolean>;
}

/** The suite reads at most this many items of a source, since it may be endless. */
const maxItems = 10_000;

type Items = Iterator<SourceStep | Promise<SourceStep>> | AsyncIterator<SourceStep>;

/**
 * Tests the contract of a source: it yields the same inputs when it is read again, gives every item an origin, and ends without an error when it is
 * stopped or its signal aborts. The source may also yield skipped items and items with an error. Calls `create` for a new source in each test.
 *
 * @example
 * const lines = defineSource({
 *   name: "lines",
 *   options: z.strictObject({ texts: z.array(z.string()) }),
 *   *read({ texts }) {
 *     for (const text of texts) yield itemFrom(text, () => ({ id: text, text }));
 *   },
 * });
 * testSource("lines", async () => ({ source: lines({ texts: ["a", "b", "c"] }), ids: ["a", "b", "c"] }));
 */
export function testSource(name: string, create: () => Promise<SourceFixture>): void {
  describe(`${name} as a source`, () => {
    it("yields the same inputs when it is read again", async () => {
      const { source, ids } = await create();
      const first = await idsOf(name, source, ids.length);
      expect(first, `${name}: it must yield the inputs whose ids the fixture names`).toEqual(ids);
      const second = await idsOf(name, source, ids.length);
      expect(
        second,
        `${name}: it must yield the same when it is read again; each call of read must start from the beginning`,
      ).toEqual(first);
    });

    it("gives every item an origin", async () => {
      const { source, ids } = await create();
      const items = await itemsOf(name, source, ids.length);
      const without = items.filter((item) => typeof item?.origin !== "string" || item.origin === "");
      expect(without, `${name}: each item must have an origin, such as { origin: "file.csv:17", … }`).toEqual([]);
    });

    it("stops after the first item without an error", async () => {
      const { source, isClosed } = await create();
      const iterator = iteratorOf(name, source);
      const first = await within(iterator.next(), `${name}: it does not yield its first item`);
      expect(first.done, `${name}: it must yield a first item, but it ended`).not.toBe(true);
      if (!iterator.return) return; // the iterator of an array, for example, has nothing to close
      await within(iterator.return(), `${name}: it does not end when it is stopped after its first item`);
      const next = await iterator.next();
      expect(next.done, `${name}: it must not yield more items after it was stopped`).toBe(true);
      if (isClosed) expect(await isClosed(), `${name}: it must close in finally when it is stopped early`).toBe(true);
    });

    it("ends when its signal aborts", async () => {
      const { source, ids, isClosed } = await create();
      const abort = new AbortController();
      const iterator = iteratorOf(name, source, { signal: abort.signal });
      await within(iterator.next(), `${name}: it does not yield its first item`);
      abort.abort();
      // It may yield the items that it already has, and it may throw the reason of the signal, but it must not wait any longer.
      const rest = async () => {
        for (const _ of ids) if ((await iterator.next()).done) break;
        await iterator.return?.();
      };
      const ended = rest().catch(() => undefined);
      await within(
        ended,
        `${name}: it still waits after context.signal aborted; pass the signal to every call that waits`,
      );
      if (isClosed) expect(await isClosed(), `${name}: it must close in finally after an abort`).toBe(true);
    });
  });
}

/** Returns the ids of the inputs as a flow completes them. Fails if an input is invalid. */
async function idsOf(name: string, source: Source, inputs: number): Promise<string[]> {
  const items = await itemsOf(name, source, inputs);
  const ids: string[] = [];
  const report = await flow({ name, read: () => items })
    .pipe(tap((message) => ids.push(message.value.id)))
    .run();
  const expected = new Set(items.filter((item) => isObject(item) && "error" in item).map(({ origin }) => origin));
  const invalid = report.failures.filter(({ origin }) => !expected.has(origin));
  const reasons = invalid.map(({ origin, reason }) => `${origin}: ${reason}`);
  expect(reasons, `${name}: its items must be valid inputs`).toEqual([]);
  return ids;
}

/** Returns all items; of a source that does not end after the expected inputs, one input more. */
async function itemsOf(name: string, source: Source, inputs: number): Promise<SourceItem[]> {
  const iterator = iteratorOf(name, source);
  const items: SourceItem[] = [];
  try {
    for (let found = 0; found <= inputs && items.length < maxItems; ) {
      const position = items.length === 0 ? "at its start" : `after ${items.at(-1)?.origin}`;
      const next = await within(iterator.next(), `${name}: it neither yields nor ends, ${position}`);
      if (next.done) break;
      const step = await within(next.value, `${name}: a promise that it yielded never resolves, ${position}`);
      const stepItems = Array.isArray(step) ? (step as SourceItem[]) : [step as SourceItem];
      items.push(...stepItems);
      found += stepItems.filter((item) => isObject(item) && "input" in item).length;
    }
  } catch (error) {
    throw pluginError(error, name, SourceError);
  } finally {
    void Promise.resolve(iterator.return?.()).catch(() => undefined); // not awaited, because a source that hangs would also hang the test
  }
  return items;
}

function iteratorOf(
  name: string,
  source: Source,
  context: ReadContext = { signal: new AbortController().signal },
): Items {
  const items = source.read(context);
  if (Symbol.asyncIterator in items) return items[Symbol.asyncIterator]();
  if (Symbol.iterator in items) return items[Symbol.iterator]();
  throw new TypeError(`${name}: read must be a generator (*read or async *read), or return an iterable`);
}
