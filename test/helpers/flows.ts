/** Makes small sources and sinks for tests of flows. */

import {
  defineSink,
  type Input,
  type InputDraft,
  type Message,
  type Sink,
  type Source,
  type SourceItem,
} from "../../src/index.js";

export interface CountingSource extends Source {
  /** The number of items that it has yielded so far. */
  handedOut: () => number;
  /** Whether the source was closed. */
  closed: () => boolean;
}

/** Makes a source of `count` small texts that counts the items that it yields. */
export function texts(
  count: number,
  make: (index: number) => InputDraft = (n) => ({ id: `t${n}`, text: `text ${n}` }),
): CountingSource {
  let read = 0;
  let closed = false;
  return {
    name: "texts",
    handedOut: () => read,
    closed: () => closed,
    *read(): Generator<SourceItem> {
      closed = false;
      try {
        for (let index = 0; index < count; index += 1) {
          read += 1;
          yield { origin: `texts:${index + 1}`, input: make(index) };
        }
      } finally {
        closed = true;
      }
    },
  };
}

/** Makes a sink that passes each batch to `write`. */
export function sinkOf(
  write: (inputs: readonly Input[], messages: readonly Message[]) => Promise<void> | void,
  more: Partial<Sink<unknown, unknown>> = {},
) {
  const sink = defineSink({
    name: "testSink",
    parse: (): unknown => undefined,
    ...more,
    write: async (batch) => write(batch.inputs, batch.messages),
  });
  return sink();
}

/** Waits for this many turns of the event loop. */
export async function turns(count = 1): Promise<void> {
  for (let index = 0; index < count; index += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
