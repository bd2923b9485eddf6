/** The contract of sources: their items, and the argument of `read`. */

import type { Authorize, RunClient } from "../accounting/clients.js";
import type { IdOf } from "../accounting/ids/finished-ids.js";
import type { SharedRateLimiter } from "../accounting/shared-rate-limiter.js";
import type { Stored } from "../accounting/stages.js";
import type { Acknowledge, Listed, SameId } from "../accounting/tracking.js";
import { describeError, InputError } from "../errors.js";
import type { RecordPart } from "../input/filter/filters.js";
import type { InputDraft } from "../input/input.js";
import type { DefaultId } from "../input/normalize.js";

/** One item of a source: an input, the error of an input that cannot be read, or the reason of a skipped one. */
export type SourceItem =
  | {
      /** Origin of the input, for people: `photos/a.jpg`, `boxes.csv:17`. */
      origin: string;
      input: InputDraft;
      /** Set if the source guarantees the shape of the input, which is then not checked. */
      checked?: true;
      /** Returns the id if the draft has none. Default: an id made of the origin. */
      defaultId?: DefaultId | undefined;
      /** What to do with a second input of this id. Default: it fails. */
      sameId?: SameId | undefined;
      /**
       * Journal key of the input, if the source can determine it without reading the content, for example from name, size and time. It must change when the
       * input changes. Default: made of id, fields and content.
       */
      key?: string | undefined;
      /** State of an input that was listed from a platform. */
      listed?: Listed | undefined;
      /** Acknowledges the outcome of the input to its origin. The run calls it once, and waits for it. */
      acknowledge?: Acknowledge | undefined;
      /**
       * Notes on how the input was read, such as what its format holds and an input cannot. If the input is ok in the end, the report counts it under each text
       * (`report.notes`), so use the same text for the same thing.
       */
      notes?: readonly string[] | undefined;
      /** What decides the shard of the item; see `ReadContext.isOtherShard`. Default: the id. */
      shardKey?: string | undefined;
    }
  | {
      origin: string;
      error: Error;
      acknowledge?: Acknowledge | undefined;
      /** What decides the shard of the item. Default: the last part of its origin, such as the name of a file. */
      shardKey?: string | undefined;
    }
  | {
      origin: string;
      /** Reason why it was skipped: `hidden file`, `symbolic link`, `not an image, video, audio or text`. */
      skipped: string;
      /** The id of an input that an earlier run finished, or a function that makes it from the origin: the same function for all items. */
      id?: string | IdOf | undefined;
      /** What decides the shard of the item. Default: the last part of its origin, such as the name of a file. */
      shardKey?: string | undefined;
    };

/** One step of a source: an item, or an array of items. */
export type SourceStep = SourceItem | readonly SourceItem[];

/** The items of a source: an async iterable, or a sync iterable that may contain promises, as `for await` accepts them. */
export type SourceItems = AsyncIterable<SourceStep> | Iterable<SourceStep | Promise<SourceStep>>;

/** Reason of an input that an earlier run finished. */
export const doneEarlier = "done earlier";

/** Reason of an item that another shard processes. The run counts it apart, and not as read. */
export const otherShard = "in another shard";

/** The argument of a source's `read`. */
export interface ReadContext {
  /** Aborted when the flow stops. A source passes it to everything that it waits for. */
  signal: AbortSignal;
  /**
   * Returns whether an earlier run finished the input of this key; undefined without a journal. Yield such an input as skipped (`doneEarlier`). A function
   * that makes the key is called only if earlier runs finished any input; it returns undefined for an input that has no key yet.
   */
  isDone?: ((key: string | (() => string | undefined)) => boolean) | undefined;
  /**
   * Returns whether an item with this key belongs to another shard; undefined if the source is read as a whole. A source that knows the id before it opens
   * the content yields such an item as skipped (`otherShard`), and sets `shardKey` on every item that it decided so. Without it, the run decides by the id.
   */
  isOtherShard?: ((key: string) => boolean) | undefined;
  /** Whether inputs are only shown or counted, as in a plan or a preview. The source then changes nothing in its origin. */
  dryRun?: boolean | undefined;
  /** Whether a sink of the flow records whole inputs; a listing then also reads their annotations and datasets. */
  wholeRecords?: boolean | undefined;
  /** Whether a sink of the flow reads contents itself; a listing then yields contents that can be read, in place of URLs. */
  readsContents?: boolean | undefined;
  /** Parts of the records that a transform of the flow looks at; a listing then reads these, too. */
  parts?: ReadonlySet<RecordPart> | undefined;
  /** Registers a function that is called after all outcomes are reported, which is later than the end of `read`. */
  atEnd?(close: () => Promise<void>): void;
  /** Lets the sinks of the run use a credential, such as that of the app whose inputs it lists. */
  trust?(authorize: Authorize): void;
  /** Emits the inputs that wait in batches which are not full. A source calls it while it yields nothing more until they have their outcomes. */
  flush?(): void;
  /** Looks up what the targets of all sinks have under the id of an input. Returns undefined if a sink cannot be asked. */
  lookUp?(input: InputDraft): Promise<Stored | undefined>;
  /** Divides the rate of a client that the source uses among the shards. The clients of sinks are known to the run. */
  pace?(client: RunClient): void;
  /** Makes the clients of the run share the rates of their accounts with other processes. */
  shareRateLimiter?(limiter: SharedRateLimiter): void;
  /**
   * Reports that the source has yielded everything that exists so far, and what it waits for: `for new files`. Until its next item, the run is idle, not
   * stalled. Undefined in plans and previews; the source then ends instead of waiting.
   */
  idle?: ((waitsFor: string) => void) | undefined;
}

/** Number of items, or a function that determines it when progress is shown. */
export type SourceTotal = number | ((context: { signal: AbortSignal }) => MaybePromise<number | undefined>);

export type MaybePromise<T> = T | Promise<T>;

/** A source with its options, which a flow reads. */
export interface Source {
  readonly name: string;
  /** Number of items, for progress only. */
  readonly total?: SourceTotal | undefined;
  /** Returns the names of the classes that the source declares, in order, also those that no input has; undefined if it declares none. */
  classes?(context: { signal: AbortSignal }): MaybePromise<readonly string[] | undefined>;
  /** Whether its items have `acknowledge`, so that it waits for the outcome of each input. Default: false. */
  readonly acknowledges?: boolean | undefined;
  /** The share of the source that is read, such as `3/8`. Default: all of it. */
  readonly shard?: string | undefined;
  /** Yields items, one by one or in arrays, which are faster for many small items. Closes its resources in `finally`. */
  read(context: ReadContext): SourceItems;
}

/**
 * Makes a source item from the draft that `make` returns. If `make` throws, the item has that error.
 *
 * @example
 * const notes = defineSource({
 *   name: "notes",
 *   *read() {
 *     yield itemFrom("notes.txt:1", () => ({ text: JSON.parse('"calm sea"') }));
 *   },
 * });
 */
export function itemFrom(origin: string, make: () => InputDraft): SourceItem {
  try {
    return { origin, input: make() };
  } catch (error) {
    if (error instanceof InputError) return { origin, error };
    return { origin, error: new InputError("ERR_ITEM", describeError(error), { cause: error }) };
  }
}
