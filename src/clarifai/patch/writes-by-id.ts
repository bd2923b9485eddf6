/** Order of writes: what is written of one id comes one after the other, also from batches that are written side by side. */

import type { Message } from "../../core/accounting/message.js";

export class WritesById {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Writes messages, the first of each id together, then the second of those that come twice, and so on. */
  async inOrder(messages: readonly Message[], write: (messages: readonly Message[]) => Promise<void>): Promise<void> {
    const ids = new Set(messages.map(({ value }) => value.id));
    const earlier = [...ids].flatMap((id) => this.#last.get(id) ?? []);
    const writing = (async () => {
      await Promise.allSettled(earlier);
      for (const round of roundsOf(messages)) await write(round);
    })();
    for (const id of ids) this.#last.set(id, writing);
    try {
      await writing;
    } finally {
      for (const id of ids) if (this.#last.get(id) === writing) this.#last.delete(id);
    }
  }
}

/** Messages in groups in which no id comes twice. */
function roundsOf(messages: readonly Message[]): Message[][] {
  const rounds: Message[][] = [];
  const counts = new Map<string, number>();
  for (const message of messages) {
    const { id } = message.value;
    const count = counts.get(id) ?? 0;
    counts.set(id, count + 1);
    const round = rounds[count];
    if (round) round.push(message);
    else rounds.push([message]);
  }
  return rounds;
}
