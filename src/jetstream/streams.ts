/** The parts of a stream of inputs on the NATS server, and their creation. */

import type { ConsumerConfig, StreamConfig, StreamInfo } from "@nats-io/jetstream";
import { FlowError } from "../core/errors.js";
import type { NatsServer } from "./nats-server.js";

/** Time in which the server detects an id that is published twice, in milliseconds. Each id costs memory on the server for this long. */
const duplicateWindowMs = 120_000;

/** Claims are kept for a week. An older one is not needed: a finished input is no longer on its stream. */
const claimsForMs = 604_800_000;

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
    /** Skipped inputs, with the reason and one subject each. Workers of 0.1 publish them on `shared`. */
    skipped: {
      stream: `${stream}-skipped`,
      subject: (sequence: number) => `${stream}.skipped.${sequence}`,
      shared: `${stream}.skipped`,
      all: `${stream}.skipped.*`,
    },
    /** What workers claim, and their heartbeats. */
    workers: {
      stream: `${stream}-workers`,
      claim: (sequence: number) => `${stream}.claims.${sequence}`,
      beat: (worker: string) => `${stream}.workers.${worker}`,
    },
  };
}

/** Creates the missing parts of a stream of inputs. Returns the time at which the stream was created. @throws {FlowError} ERR_STREAM */
export async function ensureStreams(nats: NatsServer, plugin: string, stream: string, replicas = 1): Promise<string> {
  const { work, failed, skipped, workers } = partsOf(stream);
  const { RetentionPolicy, DiscardPolicy, StorageType } = nats.packages;
  const common: Partial<StreamConfig> = {
    storage: StorageType.File,
    num_replicas: replicas,
    duplicate_window: duplicateWindowMs * nanosInMs,
    discard: DiscardPolicy.New, // a full stream refuses new messages instead of dropping old ones
  };
  const { created } = await ensureStream(nats, plugin, {
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
  await ensureStream(nats, plugin, { ...common, name: skipped.stream, subjects: [skipped.shared, skipped.all] });
  await ensureStream(nats, plugin, {
    ...common,
    name: workers.stream,
    subjects: ["claims", "workers"].map((part) => `${stream}.${part}.*`),
    max_msgs_per_subject: 1,
    max_age: claimsForMs * nanosInMs,
    discard: DiscardPolicy.Old,
  });
  return created;
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
  if (config.subjects[0] !== undefined && subjects.length === 1 && subjects[0] === config.subjects[0]) {
    // Version 0.1 created the stream with one subject.
    return nats.callWithRetry(() => streams.update(config.name, { subjects: config.subjects }));
  }
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
  const settings: Partial<ConsumerConfig> = {
    ...(ackWaitMs !== undefined && { ack_wait: ackWaitMs * nanosInMs }),
    ...(maxAckPending !== undefined && { max_ack_pending: maxAckPending }),
  };
  if (existing) {
    const { config } = existing;
    if (config.max_deliver !== undefined && config.max_deliver > 0) Object.assign(settings, { max_deliver: -1 });
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
