/** Small sources and sinks for tests of flows. */

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
  /** Items handed out so far. */
  handedOut: () => number;
  /** Whether the source was closed. */
  closed: () => boolean;
}

/** A source of `count` small texts that counts what it handed out. */
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

/** A sink that hands each batch to `write`. */
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

/** Resolves after the given number of turns of the event loop. */
export async function turns(count = 1): Promise<void> {
  for (let index = 0; index < count; index += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
