/** A queue of fetches: in order, except for fetches whose host asked to wait. */

/** Maximum number of fetches whose hosts asked to wait. At this limit, the queue stops reading the list. */
const maxWaiting = 1000;

/** The slot of a fetch among those that run at once. */
export interface Slot {
  /** Frees the slot while the fetch waits and has no bytes in memory. Later fetches may then overtake it. */
  release(): void;
  /** Waits for a free slot. */
  acquire(): Promise<void>;
}

interface Entry<T> {
  outcome?: { value: T } | { error: unknown };
  isWaiting: boolean;
}

/**
 * Runs at most `concurrency` fetches at once, and yields their results in the order of the list. The result of a fetch that released its slot comes as soon
 * as it is ready. A result keeps its slot until it is yielded, so that at most `concurrency` results are in memory.
 */
export async function* inOrder<L, T>(
  lines: AsyncIterator<L>,
  start: (line: L, slot: Slot) => Promise<T>,
  concurrency: number,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const entries: Entry<T>[] = [];
  const acquiring: (() => void)[] = [];
  let free = concurrency;
  let wake: (() => void) | undefined;
  let isPulling = false;
  let isOver = false;
  let failure: { error: unknown } | undefined;
  const notify = () => wake?.();
  signal.addEventListener("abort", notify, { once: true });

  const release = () => {
    const acquire = acquiring.shift();
    if (acquire) acquire();
    else free += 1;
    notify();
  };
  const slotOf = (entry: Entry<T>): Slot => ({
    release() {
      entry.isWaiting = true;
      release();
    },
    async acquire() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => acquiring.push(resolve));
      entry.isWaiting = false;
    },
  });
  const begin = (line: L) => {
    const entry: Entry<T> = { isWaiting: false };
    entries.push(entry);
    start(line, slotOf(entry))
      .then(
        (value) => void (entry.outcome = { value }),
        (error: unknown) => void (entry.outcome = { error }),
      )
      .finally(notify);
  };
  const pull = async () => {
    isPulling = true;
    free -= 1;
    const next = await lines.next().catch((error: unknown) => {
      failure = { error };
      return { done: true, value: undefined } as const;
    });
    if (next.done) {
      isOver = true;
      release();
    } else begin(next.value);
    isPulling = false;
    notify();
  };

  for (;;) {
    const waiting = entries.filter((entry) => entry.isWaiting && !entry.outcome).length;
    if (!isPulling && !isOver && free > 0 && waiting < maxWaiting) void pull();
    // The first fetch that is ready or does not wait. A fetch that failed while it waited is ready, too.
    const ready = entries.findIndex((entry) => entry.outcome !== undefined || !entry.isWaiting);
    const entry = entries[ready];
    if (entry?.outcome) {
      entries.splice(ready, 1);
      if (!entry.isWaiting) release();
      if ("error" in entry.outcome) throw entry.outcome.error;
      yield entry.outcome.value;
    } else if (signal.aborted) return;
    else if (entries.length === 0 && isOver) {
      if (failure) throw failure.error;
      return;
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = undefined;
    }
  }
}
