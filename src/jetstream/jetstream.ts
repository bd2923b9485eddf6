/** Source: the inputs of a stream on a NATS server, shared with other workers; each is acknowledged with its outcome. */

import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Consumer, ConsumerInfo } from "@nats-io/jetstream";
import * as z from "zod";
import { describeError, SourceError } from "../core/errors.js";
import { defineSource } from "../core/plugin/define-source.js";
import type { OptionsOf } from "../core/plugin/options.js";
import type { ReadContext, SourceItem } from "../core/plugin/source.js";
import { AsyncQueue } from "./async-queue.js";
import { NatsServer, natsOptions, StreamName, streamLost } from "./nats-server.js";
import { StreamRateLimiter } from "./shared-rate-limiter.js";
import { ackWaitOf, ensureConsumer, ensureStreams } from "./streams.js";
import { Deliveries } from "./worker/deliveries.js";
import { Heartbeat, workerName } from "./worker/heartbeats.js";

const optionFields = {
  /** Name of the stream, as in `publishTo`. The stream is created if it does not exist. */
  stream: StreamName,
  /** Name of the consumer on the server that all workers of the stream share. Default: "workers". */
  consumer: StreamName.default("workers"),
  /** Time without a sign of life after which the server delivers an input to another worker, in milliseconds. Default: 30,000, or the consumer's value. */
  ackWaitMs: z.number().int().min(1000).optional(),
  /** Most inputs that all workers together have at once. Default: 20,000, or the consumer's value. */
  maxAckPending: z.number().int().min(1).optional(),
  /**
   * Most times that workers process an input before it counts as failed, including those in which the worker crashed; an input is processed alone at
   * least once before. Default: 10.
   */
  maxDeliveries: z.number().int().min(1).default(10),
  /** Folder of the files: paths on the stream are relative to it, and no file outside it is read. Default: full paths, as published. */
  root: z.string().min(1).optional(),
  /** Ends when the stream is empty and no other worker has inputs. Default: false; the worker waits for more inputs. */
  endWhenEmpty: z.boolean().default(false),
};
const Options = z.strictObject({ ...natsOptions, ...optionFields });
/** Options of `jetstream`. */
export type JetstreamOptions = OptionsOf<typeof natsOptions & typeof optionFields>;

type Checked = z.output<typeof Options>;

/** Most messages of one request; the next request follows when the flow has read them. */
const fetchCount = 256;
/**
 * How long a request waits on an empty stream. It differs from the delays of redelivery (1 s, 2 s, 4 s …): a message that is sent at the moment in which
 * a request ends reaches nobody, and is delivered again only after `ackWaitMs`.
 */
const expiresMs = 5300;
/** A worker waits for a server that is away until the run is stopped. */
const forever = Number.POSITIVE_INFINITY;
const afterErrorMs = 200;
/** Interval in which a worker with `endWhenEmpty` asks whether all workers have finished. */
const pollMs = 100;
/** Interval in which a worker looks whether a small group is finished, and lets batches go that wait for more inputs. */
const groupPollMs = 20;

/**
 * Reads inputs from a stream that `publishTo` fills, and shares them with all other workers of the stream. Requests more inputs when the flow has
 * capacity. Acknowledges each input with its outcome: ok and skipped inputs are finished; an input that failed for good is recorded on the stream of
 * failed inputs; an input that may succeed later is returned, and a worker receives it again after 1 s, 2 s, 4 s … (at most 60 s). While an input is in
 * progress, the worker reports to the server that it is alive. If a worker dies, the others receive its inputs after `ackWaitMs`. After two such
 * deliveries, inputs are processed in groups of 32, then alone, so that one input that crashes workers fails alone. Only the delivery that is current
 * reports an outcome: a worker that was stopped and continues reports nothing about inputs that others received since.
 *
 * Keeps the order of the stream except for redelivered inputs. An input may be delivered more than once if a worker dies before it acknowledges, so the
 * sink must accept repeated inputs; the built-in sinks do. The clients of the flow share the request rate of their account with all other workers of the
 * server. Never ends, except with `endWhenEmpty`. A stop ends the requests and returns the inputs without an outcome. While the server restarts, the
 * worker waits. Cannot be planned or previewed, since that would take inputs from the other workers.
 *
 * A message that is not an input (ERR_REFERENCE), and a file outside `root` (ERR_PATH_OUTSIDE_ROOT, also through links), fail alone. An input that no
 * worker finished in `maxDeliveries` deliveries fails with ERR_MAX_DELIVERIES, unless a lookup finds it in the target with the same content; one that
 * the platform had not processed by then fails with ERR_STILL_PROCESSING.
 *
 * @throws {OptionsError} ERR_OPTIONS; (the run rejects) ERR_PACKAGE_MISSING
 * @throws {SourceError} (the run rejects) ERR_DRY_RUN, ERR_STREAM_LOST, ERR_ENGINE_FULL; {FlowError} ERR_ENGINE_UNREACHABLE, ERR_ENGINE_REFUSED, ERR_STREAM
 * @example await flow(jetstream({ stream: "photos" })).pipe(batch(), upload(app)).run();
 */
export const jetstream = defineSource({
  name: "jetstream",
  options: Options,
  acknowledges: true,
  read,
});

async function* read(options: Checked, context: ReadContext): AsyncGenerator<readonly SourceItem[]> {
  const { stream, maxDeliveries, root, servers, credentials, connection } = options;
  const { signal } = context;
  if (context.dryRun) {
    const text = "a plan or preview would take inputs from the workers; plan with the source that was published";
    throw new SourceError("ERR_DRY_RUN", `jetstream: ${text}`);
  }
  const nats = await NatsServer.connect("jetstream", { servers, credentials, connection });
  let deliveries: Deliveries | undefined;
  let heartbeat: Heartbeat | undefined;
  const close = async () => {
    deliveries?.close();
    await heartbeat?.end();
    await nats.close();
  };
  context.atEnd?.(close);
  try {
    const { consumer, ackWaitMs, created } = await openConsumer(nats, options);
    const folder = root === undefined ? undefined : resolve(root);
    const names = workerName();
    const about = { stream, created, worker: names.token, ackWaitMs, maxDeliveries, root: folder };
    deliveries = new Deliveries(nats, { ...about, signal, lookUp: context.lookUp });
    heartbeat = new Heartbeat(nats, stream, names, deliveries);
    context.shareRateLimiter?.(new StreamRateLimiter(nats));
    yield* receive(nats, consumer, deliveries, options, context);
  } catch (error) {
    if (signal.aborted) return;
    throw error instanceof SourceError ? error : readError(stream, error);
  } finally {
    if (!context.atEnd) await close();
  }
}

async function openConsumer(
  nats: NatsServer,
  { stream, consumer: name, ackWaitMs, maxAckPending }: Checked,
): Promise<{ consumer: Consumer; ackWaitMs: number; created: string }> {
  const created = await ensureStreams(nats, "jetstream", stream);
  const config = await ensureConsumer(nats, stream, { consumer: name, ackWaitMs, maxAckPending });
  return { consumer: await nats.client.consumers.get(stream, name), ackWaitMs: ackWaitOf(config), created };
}

/** Requests messages until the run stops, or until the work is finished with `endWhenEmpty`. */
async function* receive(
  nats: NatsServer,
  consumer: Consumer,
  deliveries: Deliveries,
  { stream, endWhenEmpty }: Checked,
  context: ReadContext,
): AsyncGenerator<readonly SourceItem[]> {
  const { signal, idle } = context;
  while (!signal.aborted) {
    deliveries.failed.throwIfAborted();
    if (deliveries.waiting > 0) {
      yield* isolate(deliveries, context);
      continue;
    }
    // Each round asks for the consumer, since a request to a deleted consumer would wait in vain.
    const info = await nats.callWithRetry(() => consumer.info(), signal, forever);
    if (info.num_ack_pending > deliveries.open) await deliveries.acknowledgeMissing(info);
    if (endWhenEmpty && hasNoMore(info, deliveries)) {
      if (deliveries.open === 0) return;
      await sleep(pollMs, undefined, { signal });
      continue;
    }
    idle?.(`for inputs on the stream ${stream}`);
    yield* receiveOnce(nats, consumer, deliveries, endWhenEmpty, signal);
  }
}

/** Yields inputs that were lost before, in small groups or alone, while nothing else is in progress. */
async function* isolate(deliveries: Deliveries, { signal, flush }: ReadContext): AsyncGenerator<readonly SourceItem[]> {
  const finished = async () => {
    while (deliveries.open > deliveries.waiting && !deliveries.failed.aborted) {
      flush?.();
      await sleep(groupPollMs, undefined, { signal });
    }
  };
  await finished();
  while (deliveries.waiting > 0 && !deliveries.failed.aborted) {
    const group = await deliveries.nextGroup();
    if (group.length > 0) yield group;
    await finished();
  }
}

/** Yields the items of one request. Received messages are kept alive at once, including those for which the flow has no capacity yet. */
async function* receiveOnce(
  nats: NatsServer,
  consumer: Consumer,
  deliveries: Deliveries,
  endWhenEmpty: boolean,
  signal: AbortSignal,
): AsyncGenerator<readonly SourceItem[]> {
  const request = { max_messages: fetchCount, expires: expiresMs };
  const messages = await nats.callWithRetry(() => consumer.fetch(request), signal, forever);
  const stop = () => void messages.close();
  const stopping = [signal, deliveries.failed];
  for (const one of stopping) one.addEventListener("abort", stop, { once: true });
  const stopWhenEmpty = async () => {
    if (hasNoMore(await consumer.info(), deliveries)) stop();
  };
  const polling = endWhenEmpty ? setInterval(() => void stopWhenEmpty().catch(() => undefined), pollMs) : undefined;
  const queue = new AsyncQueue<SourceItem>();
  const claiming: Promise<void>[] = [];
  const claim = async (claimed: Promise<SourceItem | undefined>) => {
    const item = await claimed;
    if (item) queue.add(item);
  };
  const receiving = (async () => {
    for await (const message of messages) {
      const item = deliveries.add(message);
      if (item instanceof Promise) claiming.push(claim(item));
      else if (item) queue.add(item);
    }
  })()
    .catch(() => sleep(afterErrorMs)) // the server went away or has no capacity for the request; the caller requests again
    .then(() => Promise.all(claiming))
    .finally(() => queue.end());
  try {
    yield* queue;
  } finally {
    for (const one of stopping) one.removeEventListener("abort", stop);
    clearInterval(polling);
    stop();
    await receiving;
  }
}

/** Whether no more messages can come: the stream has no undelivered message, and only this worker has inputs. */
function hasNoMore({ num_pending, num_ack_pending }: ConsumerInfo, deliveries: Deliveries): boolean {
  return num_pending === 0 && num_ack_pending <= deliveries.open;
}

function readError(stream: string, error: unknown): unknown {
  if (!(error instanceof Error) || !/not found|closed/i.test(error.message)) return error;
  if (/stream not found/i.test(error.message)) return streamLost(stream, error);
  const text = `jetstream: the stream ${stream} can no longer be read: ${describeError(error)}`;
  return new SourceError("ERR_STREAM_LOST", text, { cause: error });
}
