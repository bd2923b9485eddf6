/** Orders writes: writes of one id follow each other, also in batches that are written at the same time. */

import type { Message } from "../../core/accounting/message.js";

export class WritesById {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Writes messages: the first of each id together, then the second of each id, and so on. */
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

/** Groups messages so that no id occurs twice in a group. */
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
