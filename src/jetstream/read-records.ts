/** Reading what a stream of records has: its messages up to now, oldest first. */

import type { JsMsg } from "@nats-io/jetstream";
import type { Engine } from "./nats-server.js";

const fetchCount = 500;

/** Reads the messages that are on a stream when it begins, at most `most` of them, and removes none. A stream that is not there has none. */
export async function* recordsOf(
  engine: Engine,
  stream: string,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<JsMsg> {
  const found = await stateOf(engine, stream);
  if (found.messages === 0 || most === 0) return;
  const consumer = await engine.client.consumers.get(stream);
  try {
    for (let count = 0; count < most; ) {
      const messages = await consumer.fetch({ max_messages: Math.min(fetchCount, most - count), expires: 2000 });
      let arrived = 0;
      for await (const message of messages) {
        arrived += 1;
        if (message.seq > found.last_seq) return;
        yield message;
        if (message.seq === found.last_seq) return;
      }
      if (arrived === 0) return; // the last ones were removed meanwhile
      count += arrived;
    }
  } finally {
    await consumer.delete().catch(() => undefined); // the engine forgets it by itself, later
  }
}

/** How many messages a stream has, and the number of its last; none when it is not there. */
export async function stateOf(engine: Engine, stream: string): Promise<{ messages: number; last_seq: number }> {
  const found = await engine.found(() => engine.manager.streams.info(stream));
  return found?.state ?? { messages: 0, last_seq: 0 };
}
