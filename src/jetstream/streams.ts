/** The parts of a stream of inputs on the NATS server, and their creation. */

import type { ConsumerConfig, StreamConfig, StreamInfo } from "@nats-io/jetstream";
import { FlowError } from "../core/errors.js";
import type { NatsServer } from "./nats-server.js";

/** Time in which the server detects an id that is published twice, in milliseconds. Each id costs memory on the server for this long. */
const duplicateWindowMs = 120_000;

const nanosInMs = 1_000_000;

/** Returns the names of the streams and subjects that belong to a stream of inputs. */
export function partsOf(stream: string) {
  return {
    /** References to unfinished inputs; the server deletes a message when it is acknowledged. */
    work: { stream, subject: `${stream}.inputs` },
    /** Failed inputs, with one subject each. */
    failed: {
      stream: `${stream}-failed`,
      subject: (sequence: number) => `${stream}.failed.${sequence}`,
      all: `${stream}.failed.*`,
    },
    /** Skipped inputs, with the reason. */
    skipped: { stream: `${stream}-skipped`, subject: `${stream}.skipped` },
  };
}

/** Creates the missing parts of a stream of inputs. Existing parts stay unchanged. @throws {FlowError} ERR_STREAM */
export async function ensureStreams(nats: NatsServer, plugin: string, stream: string, replicas = 1): Promise<void> {
  const { work, failed, skipped } = partsOf(stream);
  const { RetentionPolicy, DiscardPolicy, StorageType } = nats.packages;
  const common: Partial<StreamConfig> = {
    storage: StorageType.File,
    num_replicas: replicas,
    duplicate_window: duplicateWindowMs * nanosInMs,
    discard: DiscardPolicy.New, // a full stream refuses new messages instead of dropping old ones
  };
  await ensureStream(nats, plugin, {
    ...common,
    name: work.stream,
    subjects: [work.subject],
    retention: RetentionPolicy.Workqueue,
  });
  await ensureStream(nats, plugin, {
    ...common,
    name: failed.stream,
    subjects: [failed.all],
    max_msgs_per_subject: 1,
    discard: DiscardPolicy.Old,
  });
  await ensureStream(nats, plugin, { ...common, name: skipped.stream, subjects: [skipped.subject] });
}

/** Creates a stream if it does not exist. @throws {FlowError} ERR_STREAM if a stream of this name has other subjects */
export async function ensureStream(
  nats: NatsServer,
  plugin: string,
  config: Partial<StreamConfig> & { name: string; subjects: string[] },
): Promise<StreamInfo> {
  const { streams } = nats.manager;
  const find = () => nats.lookUp(() => streams.info(config.name));
  let existing = await find();
  if (!existing) {
    try {
      return await nats.callWithRetry(() => streams.add(config));
    } catch (error) {
      existing = await find(); // another worker may have created it at the same moment
      if (!existing) throw error;
    }
  }
  const { subjects = [] } = existing.config;
  if (config.subjects.every((subject) => subjects.includes(subject))) return existing;
  const difference = `with the subjects ${subjects.join(", ") || "(none)"} instead of ${config.subjects.join(", ")}`;
  const text = `the NATS server has a stream ${config.name} ${difference}; choose another name`;
  throw new FlowError("ERR_STREAM", `${plugin}: ${text}`);
}

/** Settings of the consumer that all workers share. If a setting is undefined, the existing value stays. */
export interface ConsumerOptions {
  consumer: string;
  ackWaitMs?: number | undefined;
  maxAckPending?: number | undefined;
}

const defaultAckWaitMs = 30_000;
const defaultMaxAckPending = 20_000;

/** Creates the consumer that all workers share, or updates the settings that are defined. Returns the consumer's configuration. */
export async function ensureConsumer(
  nats: NatsServer,
  stream: string,
  { consumer, ackWaitMs, maxAckPending }: ConsumerOptions,
): Promise<ConsumerConfig> {
  const { AckPolicy, DeliverPolicy, ReplayPolicy } = nats.packages;
  const { consumers } = nats.manager;
  const existing = await nats.lookUp(() => consumers.info(stream, consumer));
  const settings = {
    ...(ackWaitMs !== undefined && { ack_wait: ackWaitMs * nanosInMs }),
    ...(maxAckPending !== undefined && { max_ack_pending: maxAckPending }),
  };
  if (existing) {
    const { config } = existing;
    const isSame = Object.entries(settings).every(([key, value]) => config[key as keyof ConsumerConfig] === value);
    if (isSame) return config;
    return (await nats.callWithRetry(() => consumers.update(stream, consumer, settings))).config;
  }
  const config: ConsumerConfig = {
    durable_name: consumer,
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
    ack_policy: AckPolicy.Explicit,
    ack_wait: defaultAckWaitMs * nanosInMs,
    max_ack_pending: defaultMaxAckPending,
    max_deliver: -1, // workers count deliveries themselves: a message that the server gives up would stay on the stream forever
    ...settings,
  };
  return (await nats.callWithRetry(() => consumers.add(stream, config))).config;
}

/** Returns how long a consumer waits for an acknowledgement, in milliseconds. */
export function ackWaitOf({ ack_wait }: ConsumerConfig): number {
  return (ack_wait ?? defaultAckWaitMs * nanosInMs) / nanosInMs;
}
