/** Streams: what a stream of inputs consists of in the engine, and how it comes to be there. */

import type { ConsumerConfig, StreamConfig, StreamInfo } from "@nats-io/jetstream";
import { FlowError } from "../core/errors.js";
import type { Engine } from "./nats-server.js";

/** Time in which an id that is published twice is known, in milliseconds; each id costs the engine memory for that long. */
const duplicateWindowMs = 120_000;

const nanosInMs = 1_000_000;

/** What belongs to a stream of inputs: the work, the failed inputs, the skipped ones. */
export function partsOf(stream: string) {
  return {
    /** References that are not done; one that is, is gone. */
    work: { stream, subject: `${stream}.inputs` },
    /** Inputs that failed, one subject each. */
    failed: {
      stream: `${stream}-failed`,
      subject: (sequence: number) => `${stream}.failed.${sequence}`,
      all: `${stream}.failed.*`,
    },
    /** Inputs that were skipped. */
    skipped: { stream: `${stream}-skipped`, subject: `${stream}.skipped` },
  };
}

/** Makes what is missing of a stream; what is there stays as it is. @throws {FlowError} ERR_STREAM */
export async function ensureStreams(engine: Engine, plugin: string, stream: string, replicas = 1): Promise<void> {
  const { work, failed, skipped } = partsOf(stream);
  const { RetentionPolicy, DiscardPolicy, StorageType } = engine.packages;
  const common: Partial<StreamConfig> = {
    storage: StorageType.File,
    num_replicas: replicas,
    duplicate_window: duplicateWindowMs * nanosInMs,
    discard: DiscardPolicy.New, // an engine that is full says so, and drops nothing
  };
  await ensureStream(engine, plugin, {
    ...common,
    name: work.stream,
    subjects: [work.subject],
    retention: RetentionPolicy.Workqueue,
  });
  await ensureStream(engine, plugin, {
    ...common,
    name: failed.stream,
    subjects: [failed.all],
    max_msgs_per_subject: 1,
    discard: DiscardPolicy.Old,
  });
  await ensureStream(engine, plugin, { ...common, name: skipped.stream, subjects: [skipped.subject] });
}

/** Makes a stream that is missing. @throws {FlowError} ERR_STREAM when one of its name takes other subjects */
export async function ensureStream(
  engine: Engine,
  plugin: string,
  config: Partial<StreamConfig> & { name: string; subjects: string[] },
): Promise<StreamInfo> {
  const { streams } = engine.manager;
  const look = () => engine.found(() => streams.info(config.name));
  let found = await look();
  if (!found) {
    try {
      return await engine.untilAnswered(() => streams.add(config));
    } catch (error) {
      found = await look(); // another worker that started at the same moment may have made it
      if (!found) throw error;
    }
  }
  if (config.subjects.every((subject) => found.config.subjects?.includes(subject))) return found;
  throw new FlowError(
    "ERR_STREAM",
    `${plugin}: the engine has a stream ${config.name} that takes ${found.config.subjects?.join(", ") || "nothing"} and not ${config.subjects.join(", ")}; choose another name`,
  );
}

/** What workers have in common; what is left out stays as the engine has it. */
export interface ConsumerOptions {
  consumer: string;
  ackWaitMs?: number | undefined;
  maxAckPending?: number | undefined;
}

const defaultAckWaitMs = 30_000;
const defaultMaxAckPending = 20_000;

/** Makes the consumer that all workers share, or sets what is given of one that is there; gives back what holds. */
export async function ensureConsumer(
  engine: Engine,
  stream: string,
  { consumer, ackWaitMs, maxAckPending }: ConsumerOptions,
): Promise<ConsumerConfig> {
  const { AckPolicy, DeliverPolicy, ReplayPolicy } = engine.packages;
  const { consumers } = engine.manager;
  const found = await engine.found(() => consumers.info(stream, consumer));
  const given = {
    ...(ackWaitMs !== undefined && { ack_wait: ackWaitMs * nanosInMs }),
    ...(maxAckPending !== undefined && { max_ack_pending: maxAckPending }),
  };
  if (found) {
    const isSame = Object.entries(given).every(([key, value]) => found.config[key as keyof ConsumerConfig] === value);
    if (isSame) return found.config;
    return (await engine.untilAnswered(() => consumers.update(stream, consumer, given))).config;
  }
  const config: ConsumerConfig = {
    durable_name: consumer,
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
    ack_policy: AckPolicy.Explicit,
    ack_wait: defaultAckWaitMs * nanosInMs,
    max_ack_pending: defaultMaxAckPending,
    max_deliver: -1, // we count ourselves: what the engine gives up would stay in the stream for ever
    ...given,
  };
  return (await engine.untilAnswered(() => consumers.add(stream, config))).config;
}

/** The time that a consumer waits for an answer to a message, in milliseconds. */
export function ackWaitOf({ ack_wait }: ConsumerConfig): number {
  return (ack_wait ?? defaultAckWaitMs * nanosInMs) / nanosInMs;
}
