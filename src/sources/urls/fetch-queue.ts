/** A queue of fetches: their results come in order, except for fetches whose host asked to wait. */

/** Most fetches that wait for their hosts; beyond so many, no more of the list is read. */
const maxWaiting = 1000;

/** The slot of a fetch. */
export interface Place {
  /** Releases the slot while the fetch waits and has nothing in memory; later fetches may overtake it. */
  leave(): void;
  /** Waits for a free slot again. */
  enter(): Promise<void>;
}

interface Entry<T> {
  outcome?: { value: T } | { error: unknown };
  isWaiting: boolean;
}

/**
 * Runs at most `concurrency` fetches at once and yields their results in the order of the list. A fetch that released its slot comes when it is done. A
 * result keeps its slot until it is taken, so that no more than `concurrency` are in memory.
 */
export async function* inOrder<L, T>(
  lines: AsyncIterator<L>,
  start: (line: L, place: Place) => Promise<T>,
  concurrency: number,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const entries: Entry<T>[] = [];
  const entering: (() => void)[] = [];
  let free = concurrency;
  let wake: (() => void) | undefined;
  let isPulling = false;
  let isOver = false;
  let failure: { error: unknown } | undefined;
  const notify = () => wake?.();
  signal.addEventListener("abort", notify, { once: true });

  const release = () => {
    const enter = entering.shift();
    if (enter) enter();
    else free += 1;
    notify();
  };
  const placeOf = (entry: Entry<T>): Place => ({
    leave() {
      entry.isWaiting = true;
      release();
    },
    async enter() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => entering.push(resolve));
      entry.isWaiting = false;
    },
  });
  const begin = (line: L) => {
    const entry: Entry<T> = { isWaiting: false };
    entries.push(entry);
    start(line, placeOf(entry))
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
    // The first entry that does not wait, or that failed while it waited.
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
