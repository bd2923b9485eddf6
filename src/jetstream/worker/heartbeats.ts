/** Heartbeats: each worker of a stream reports at intervals that it is alive and what it does, and reads how the others are. */

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import * as z from "zod";
import type { NatsServer } from "../nats-server.js";
import { partsOf } from "../streams.js";

const intervalMs = 5000;
/** A worker that has missed so many heartbeats is gone. */
const missedBeats = 4;
/** A worker that has inputs and finished none for this long is stuck. */
const stuckAfterMs = 300_000;
/** A worker that is gone is reported for a day. */
const reportedMs = 86_400_000;

const Beat = z.object({
  worker: z.string(),
  startedAt: z.string(),
  everyMs: z.number(),
  inProgress: z.number(),
  finished: z.number(),
  quietMs: z.number(),
});
type Beat = z.output<typeof Beat>;

/** A worker of a stream, as its last heartbeat reported it. */
export interface WorkerStatus {
  /** Host and process id. */
  readonly worker: string;
  /**
   * "alive": its heartbeats arrive. "stuck": they arrive, and it has finished none of its inputs for 5 minutes. "gone": none arrived for 20 s, so it
   * died, or was stopped, or has lost its connection.
   */
  readonly state: "alive" | "stuck" | "gone";
  readonly startedAt: Date;
  readonly lastSeen: Date;
  /** Inputs that it had and had not finished. */
  readonly inProgress: number;
  /** Inputs that it has finished. */
  readonly finished: number;
  /** Time since it finished an input, or got one while it had none, in milliseconds. */
  readonly quietMs: number;
}

/** What a worker reports about itself. */
interface Progress {
  readonly open: number;
  readonly finished: number;
  readonly quietSince: number;
}

/** Returns a name for this worker: host, process id, and an ending that tells workers of one process apart. */
export function workerName(): { worker: string; token: string } {
  const worker = `${hostname()}-${process.pid}`;
  return { worker, token: `${worker.replace(/[^A-Za-z0-9_-]/g, "_")}-${randomBytes(4).toString("hex")}` };
}

/** Sends the heartbeats of a worker. */
export class Heartbeat {
  readonly #nats: NatsServer;
  readonly #stream: string;
  readonly #names: ReturnType<typeof workerName>;
  readonly #progress: Progress;
  readonly #startedAt = new Date().toISOString();
  readonly #timer: NodeJS.Timeout;

  constructor(nats: NatsServer, stream: string, names: ReturnType<typeof workerName>, progress: Progress) {
    this.#nats = nats;
    this.#stream = stream;
    this.#names = names;
    this.#progress = progress;
    this.#beat();
    this.#timer = setInterval(() => this.#beat(), intervalMs).unref();
  }

  /** Ends the heartbeats, and removes the worker from the list. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    const { stream, beat } = partsOf(this.#stream).workers;
    const filter = beat(this.#names.token);
    await this.#nats.manager.streams.purge(stream, { filter }).catch(() => undefined); // the entry expires in any case
  }

  #beat(): void {
    const { open, finished, quietSince } = this.#progress;
    const quietMs = Math.round(performance.now() - quietSince);
    const beat: Beat = {
      worker: this.#names.worker,
      startedAt: this.#startedAt,
      ...{ everyMs: intervalMs, inProgress: open, finished, quietMs },
    };
    const { connection } = this.#nats;
    if (!connection.isClosed()) {
      connection.publish(partsOf(this.#stream).workers.beat(this.#names.token), JSON.stringify(beat));
    }
  }
}

/** Reads the last heartbeats of the workers of a stream, those that were seen last at first. */
export async function readWorkers(nats: NatsServer, stream: string): Promise<WorkerStatus[]> {
  const { stream: name, beat } = partsOf(stream).workers;
  const info = await nats.lookUp(() => nats.manager.streams.info(name, { subjects_filter: beat("*") }));
  if (!info) return []; // workers of 0.1 send no heartbeats
  const serverTime = Date.parse((info as { ts?: string }).ts ?? "");
  const time = Number.isNaN(serverTime) ? Date.now() : serverTime; // old servers do not report their time
  const found = await Promise.all(
    Object.keys(info.state.subjects ?? {}).map(async (subject) => {
      const message = await nats.lastMessage(name, subject);
      const parsed = message && Beat.safeParse(message.json());
      return parsed?.success ? statusOf(parsed.data, message?.time ?? new Date(time), time) : undefined;
    }),
  );
  return found
    .filter((one) => one !== undefined)
    .filter((one) => time - one.lastSeen.getTime() < reportedMs)
    .sort((one, other) => other.lastSeen.getTime() - one.lastSeen.getTime());
}

function statusOf({ everyMs, startedAt, ...beat }: Beat, lastSeen: Date, time: number): WorkerStatus {
  const isGone = time - lastSeen.getTime() > everyMs * missedBeats;
  const isStuck = beat.inProgress > 0 && beat.quietMs > stuckAfterMs;
  const state = isGone ? "gone" : isStuck ? "stuck" : "alive";
  return { ...beat, state, startedAt: new Date(startedAt), lastSeen };
}
