/** Reads the messages that a stream holds now, oldest first, and removes none of them. */

import type { JsMsg } from "@nats-io/jetstream";
import type { NatsServer } from "./nats-server.js";

const fetchCount = 500;

/**
 * Reads the messages that are on a stream when the call begins, at most `maxMessages` of them. Yields nothing if the stream does not exist.
 */
export async function* readMessages(
  nats: NatsServer,
  stream: string,
  maxMessages = Number.POSITIVE_INFINITY,
): AsyncGenerator<JsMsg> {
  const state = await streamState(nats, stream);
  if (!state || state.messages === 0 || maxMessages === 0) return;
  const consumer = await nats.client.consumers.get(stream);
  try {
    for (let count = 0; count < maxMessages; ) {
      const messages = await consumer.fetch({ max_messages: Math.min(fetchCount, maxMessages - count), expires: 2000 });
      let received = 0;
      for await (const message of messages) {
        received += 1;
        if (message.seq > state.last_seq) return;
        yield message;
        if (message.seq === state.last_seq) return;
      }
      if (received === 0) return; // the last messages were removed in the meantime
      count += received;
    }
  } finally {
    await consumer.delete().catch(() => undefined); // the server deletes an unused consumer later in any case
  }
}

/** Returns the number of messages of a stream and the sequence of its last one; undefined if the stream does not exist. */
export async function streamState(
  nats: NatsServer,
  stream: string,
): Promise<{ messages: number; last_seq: number } | undefined> {
  return (await nats.lookUp(() => nats.manager.streams.info(stream)))?.state;
}
