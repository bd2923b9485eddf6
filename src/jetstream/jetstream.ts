/** Source: inputs of a stream of the engine, shared with other workers, each answered with its outcome. */

import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Consumer, ConsumerInfo } from "@nats-io/jetstream";
import * as z from "zod";
import { describeError, SourceError } from "../core/errors.js";
import { defineSource } from "../core/plugin/define-source.js";
import type { OptionsOf } from "../core/plugin/options.js";
import type { ReadContext, SourceItem } from "../core/plugin/source.js";
import { Arrivals } from "./arrivals.js";
import { Deliveries } from "./deliveries.js";
import { Engine, engineOptions, StreamName } from "./nats-server.js";
import { StreamRateLimiter } from "./shared-rate-limiter.js";
import { ackWaitOf, ensureConsumer, ensureStreams } from "./streams.js";

const Options = z.strictObject({
  ...engineOptions,
  /** Name of the stream, as in `publishTo`. It is made where it is missing. */
  stream: StreamName,
  /** What all workers of the stream have in common in the engine. Default: "workers". */
  consumer: StreamName.default("workers"),
  /** Time without a sign of life after which the engine gives an input to another worker, in milliseconds. Default: 30,000, or what the engine has. */
  ackWaitMs: z.number().int().min(1000).optional(),
  /** Most inputs that all workers together have at once. Default: 20,000, or what the engine has. */
  maxAckPending: z.number().int().min(1).optional(),
  /** Times that an input is given to workers before it counts as failed, crashes of workers included. Default: 10. */
  maxDeliveries: z.number().int().min(1).default(10),
  /** Folder that files are in: paths on the stream are relative to it, and none outside of it is read. Default: whole paths, as published. */
  root: z.string().min(1).optional(),
  /** Ends the reading once nothing is left on the stream, also not with other workers. Default: false, and the worker waits for more. */
  endWhenEmpty: z.boolean().default(false),
});
/** Options of `jetstream`. */
export type JetstreamOptions = OptionsOf<typeof Options>;

type Checked = z.output<typeof Options>;

/** Most messages that are asked for at once; more are asked for when the flow has taken these. */
const fetchCount = 256;
/**
 * How long an empty stream is waited for before it is asked again. Not the delays after which inputs come back: one that is sent in the moment in which a
 * request ends reaches nobody, and comes again only after `ackWaitMs`.
 */
const expiresMs = 5300;
/** A worker waits for an engine that is away until it is stopped. */
const forever = Number.POSITIVE_INFINITY;
/** How long a request that failed waits before the next. */
const afterErrorMs = 200;
/** At the end, it is looked this often whether all workers are through. */
const lookMs = 100;

/**
 * Takes inputs from a stream that `publishTo` fills, together with all other workers that do. It asks for more as the flow has room, and answers the
 * engine for each input with what became of it: what is ok or skipped is done; what failed for good is kept on the stream of failed inputs, and done;
 * what may succeed later is handed back, and comes again after a while, to this worker or another. While an input is in work, the engine is told; when
 * a worker dies, its inputs go to the others after `ackWaitMs`.
 *
 * Order is nearly that of the stream. An input may come more than once (a worker died before it could answer), so the sink has to bear that; ours do.
 * The clients of the flow share the request rate of their account with all other workers of the engine. Never ends, but with `endWhenEmpty`.
 * Stopped, it asks for no more, and hands back what has no outcome then. An engine that restarts is waited for. It cannot be planned or previewed: that
 * would take inputs from the other workers.
 *
 * Messages that are no input (ERR_REFERENCE), and files outside `root` (ERR_PATH_OUTSIDE_ROOT), fail alone. ERR_MAX_DELIVERIES: no worker
 * came to an end with it, `maxDeliveries` times.
 *
 * @throws {OptionsError} ERR_OPTIONS; (the run rejects) ERR_PACKAGE_MISSING
 * @throws {SourceError} (the run rejects) ERR_REHEARSAL, ERR_STREAM_LOST; {FlowError} ERR_ENGINE_UNREACHABLE, ERR_ENGINE_REFUSED, ERR_STREAM
 * @example await flow(jetstream({ stream: "photos" })).pipe(batch(), upload(app)).run();
 */
export const jetstream = defineSource({
  name: "jetstream",
  options: Options,
  acknowledges: true,
  read,
});

async function* read(options: Checked, context: ReadContext): AsyncGenerator<readonly SourceItem[]> {
  const { stream, consumer: name, ackWaitMs, maxAckPending, maxDeliveries, endWhenEmpty, ...address } = options;
  const { signal } = context;
  if (context.dryRun) {
    const text =
      "jetstream: a look, a plan or a preview would take inputs from the workers; use the source that was published";
    throw new SourceError("ERR_REHEARSAL", text);
  }
  const engine = await Engine.open("jetstream", address);
  let deliveries: Deliveries | undefined;
  const close = async () => {
    deliveries?.close();
    await engine.close();
  };
  context.atEnd?.(close);
  try {
    await ensureStreams(engine, "jetstream", stream);
    const config = await ensureConsumer(engine, stream, { consumer: name, ackWaitMs, maxAckPending });
    const root = options.root === undefined ? undefined : resolve(options.root);
    deliveries = new Deliveries(engine, { stream, ackWaitMs: ackWaitOf(config), maxDeliveries, root, signal });
    context.shareRateLimiter?.(new StreamRateLimiter(engine));
    const consumer = await engine.client.consumers.get(stream, name);
    while (!signal.aborted) {
      // Asked each time: a consumer that was deleted would be waited for in vain.
      const info = await engine.untilAnswered(() => consumer.info(), signal, forever);
      if (endWhenEmpty && isExhausted(info, deliveries)) {
        if (deliveries.open === 0) return;
        await sleep(lookMs, undefined, { signal });
        continue;
      }
      context.idle?.(`for inputs on the stream ${stream}`);
      yield* fetched(engine, consumer, deliveries, endWhenEmpty, signal);
    }
  } catch (error) {
    if (signal.aborted) return;
    throw error instanceof SourceError ? error : lost(stream, error);
  } finally {
    if (!context.atEnd) await close();
  }
}

/** What one request for messages brings; messages that have arrived are kept alive from then on, also those that the flow has no room for yet. */
async function* fetched(
  engine: Engine,
  consumer: Consumer,
  deliveries: Deliveries,
  endWhenEmpty: boolean,
  signal: AbortSignal,
): AsyncGenerator<readonly SourceItem[]> {
  const request = { max_messages: fetchCount, expires: expiresMs };
  const messages = await engine.untilAnswered(() => consumer.fetch(request), signal, forever);
  const stop = () => void messages.close();
  signal.addEventListener("abort", stop, { once: true });
  const look = async () => {
    if (isExhausted(await consumer.info(), deliveries)) stop();
  };
  const looking = endWhenEmpty ? setInterval(() => void look().catch(() => undefined), lookMs) : undefined;
  const arrivals = new Arrivals<SourceItem>();
  const arriving = (async () => {
    for await (const message of messages) arrivals.add(deliveries.add(message));
  })()
    .catch(() => sleep(afterErrorMs)) // the engine went away, or has no room for the request: it is asked again
    .finally(() => arrivals.end());
  try {
    yield* arrivals;
  } finally {
    signal.removeEventListener("abort", stop);
    clearInterval(looking);
    stop();
    await arriving;
  }
}

/** Whether nothing can come any more: nothing waits on the stream, and only this worker has inputs. */
function isExhausted({ num_pending, num_ack_pending }: ConsumerInfo, deliveries: Deliveries): boolean {
  return num_pending === 0 && num_ack_pending <= deliveries.open;
}

function lost(stream: string, error: unknown): unknown {
  if (!(error instanceof Error) || !/not found|closed/i.test(error.message)) return error;
  const text = `jetstream: the stream ${stream} cannot be read any more: ${describeError(error)}`;
  return new SourceError("ERR_STREAM_LOST", text, { cause: error });
}
