/** Sources: what a source yields, and what it gets. */

import type { Authorize } from "../accounting/clients.js";
import type { SharedRateLimiter } from "../accounting/shared-rate-limiter.js";
import type { Stored } from "../accounting/stages.js";
import type { Acknowledge, Listed, SameId } from "../accounting/tracking.js";
import { describeError, InputError } from "../errors.js";
import type { InputDraft } from "../input/input.js";
import type { DefaultId } from "../input/normalize.js";

/** One thing that a source found: an input, an input that cannot be read, or something that it skipped. */
export type SourceItem =
  | {
      /** Where it came from, for people: `photos/a.jpg`, `boxes.csv:17`. */
      origin: string;
      input: InputDraft;
      /** The source vouches for the shape of the input, which is then not checked again. */
      checked?: true;
      /** Its id if the draft has none. Default: made from the origin. */
      defaultId?: DefaultId | undefined;
      /** What a second input of this id means. Default: it fails. */
      sameId?: SameId | undefined;
      /**
       * The key by which a journal knows the input, if the source can tell it without reading the content: name, size and time, say. It has to
       * change when the input does. Default: id, fields and content.
       */
      key?: string | undefined;
      /** State of an input that was listed from a platform. */
      listed?: Listed | undefined;
      /** Of a source that acknowledges: called once, with the outcome of the input. The run waits for it. */
      acknowledge?: Acknowledge | undefined;
    }
  | { origin: string; error: Error; acknowledge?: Acknowledge | undefined }
  | {
      origin: string;
      /** Why it was skipped: `hidden file`, `symbolic link`, `not an image, video, audio or text`. */
      skipped: string;
      /** The id of an input that an earlier run finished. */
      id?: string | undefined;
    };

/** What a source yields when it is asked: an item, or several that it has at once. */
export type SourceStep = SourceItem | readonly SourceItem[];

/** The items of a source: asynchronous, or synchronous with a promise for each item that takes time, as `for await` takes them. */
export type SourceItems = AsyncIterable<SourceStep> | Iterable<SourceStep | Promise<SourceStep>>;

/** The reason of an input that an earlier run finished. */
export const doneEarlier = "done earlier";

/** What `read` of a source gets. */
export interface ReadContext {
  /** Aborted when the flow stops. A source that waits for something passes it on. */
  signal: AbortSignal;
  /** Whether an earlier run finished the input of this key; undefined without a journal. Yield such an input as skipped (`doneEarlier`). */
  isDone?: ((key: string) => boolean) | undefined;
  /** Whether the run is a plan, a preview or a look at inputs: the source changes nothing where it reads. */
  dryRun?: boolean | undefined;
  /** Whether a sink of the flow records inputs in full: a listing then reads their annotations and datasets too. */
  wholeRecords?: boolean | undefined;
  /** Registers a function that is called when the run is over and its outcomes are reported, which is later than the end of `read`. */
  atEnd?(close: () => Promise<void>): void;
  /** Lets the sinks of the run use a credential, such as that of the app whose inputs it lists. */
  trust?(authorize: Authorize): void;
  /** Emits the inputs that wait in batches which are not full. A source calls it while it yields nothing more until they have their outcomes. */
  flush?(): void;
  /** Looks up what the targets of all sinks have under the id of an input. Returns undefined if a sink cannot be asked. */
  lookUp?(input: InputDraft): Promise<Stored | undefined>;
  /** Makes the clients of the run share the rate of their accounts with other processes. */
  shareRateLimiter?(limiter: SharedRateLimiter): void;
  /**
   * Reports that the source has yielded everything that exists so far, and what it waits for: `for new files`. Until its next item the run is idle,
   * which is no stall. Undefined in plans and previews, which do not wait: the source ends then.
   */
  idle?: ((waitsFor: string) => void) | undefined;
}

/** How many items there will be, if that is cheap to know; it is asked when progress is shown. */
export type SourceTotal = number | ((context: { signal: AbortSignal }) => MaybePromise<number | undefined>);

export type MaybePromise<T> = T | Promise<T>;

/** Reads inputs, one by one, when asked. Close what `read` opened in its `finally`: it runs on an early stop too. */
export interface Source {
  readonly name: string;
  /** How many items there will be. For progress only. */
  readonly total?: SourceTotal | undefined;
  /** Whether its items carry `acknowledge`: it waits for the outcome of each input. Default: false. */
  readonly acknowledges?: boolean | undefined;
  /** Yields items, one by one or several at once: many small items cost least in arrays. */
  read(context: ReadContext): SourceItems;
}

/** Makes a source item from code that may throw; what it throws becomes that item's own error. */
export function itemFrom(origin: string, make: () => InputDraft): SourceItem {
  try {
    return { origin, input: make() };
  } catch (error) {
    if (error instanceof InputError) return { origin, error };
    return { origin, error: new InputError("ERR_ITEM", describeError(error), { cause: error }) };
  }
}
