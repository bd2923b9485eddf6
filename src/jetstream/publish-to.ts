/** Sink: publishes references to inputs on a stream of a NATS server, for workers. */

import { resolve } from "node:path";
import * as z from "zod";
import { claimId } from "../core/accounting/ids/claim-id.js";
import { IdsInRun } from "../core/accounting/ids/ids-in-run.js";
import type { Message } from "../core/accounting/message.js";
import { describeError, SinkError, SourceError } from "../core/errors.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { NatsServer, natsOptions, StreamName, serversText } from "./nats-server.js";
import { encodeReference, messageIdOf } from "./reference.js";
import { ensureStreams, partsOf } from "./streams.js";

const optionFields = {
  /** Folder of the files: their paths are published relative to it, for workers that have the folder elsewhere. Default: full paths. */
  root: z.string().min(1).optional(),
  /** Copies of the stream in a cluster, used when the stream is created. Default: 1. */
  replicas: z.number().int().min(1).max(5).optional(),
  /** Skips an input that was published in the last two minutes and has not changed since. Default: true. Set false to retry inputs. */
  deduplicate: z.boolean().default(true),
  /** Longest time that the publishing of a message is retried while the server does not answer, in milliseconds. Default: 300,000. */
  retryForMs: z.number().min(0).default(300_000),
};
const Options = z.strictObject({ ...natsOptions, ...optionFields });
/** Options of `publishTo`. */
export type PublishToOptions = OptionsOf<typeof natsOptions & typeof optionFields>;

/** Part of the server's message limit that is reserved for headers. */
const headerBytes = 512;

/**
 * Publishes a reference to each input on a stream: its id, fields, origin, and the paths and URLs of its content, but never the bytes of a file. Creates
 * the stream if it does not exist. Workers read the references (`jetstream`), and see the files under the same paths or under their own `root`.
 *
 * Emits an input when the server has stored its reference on disk. Keeps the order of the source, except that references in flight may overtake each
 * other. An unchanged input that is published again within two minutes is skipped ("already on the stream"); a journal detects duplicates after that time
 * too. Files of the same id in different folders, and changed files, are published: the conflict policy of the workers' sink decides about them. If two
 * inputs of one run have the same id, the second fails with ERR_ID_IN_RUN. Signatures of URLs travel in a separate field, marked as secret.
 *
 * While the server is away, up to `maxInFlight` messages wait, and the source waits with them. An input with bytes in memory fails (ERR_NOT_A_REFERENCE),
 * and so does one whose text and fields exceed the server's `max_payload` (1 MB unless set; ERR_REFERENCE_TOO_LARGE) or whose file is outside `root`
 * (ERR_PATH_OUTSIDE_ROOT). After an abort, unacknowledged inputs stay unsettled.
 *
 * @throws {OptionsError} ERR_OPTIONS; (the run rejects) ERR_PACKAGE_MISSING
 * @throws {SinkError} (the run rejects) ERR_ENGINE_UNANSWERED, ERR_ENGINE_FULL, ERR_STREAM_LOST; {FlowError} ERR_ENGINE_UNREACHABLE, ERR_ENGINE_REFUSED, ERR_STREAM
 * @example await flow(folder("/photos")).pipe(publishTo("photos")).run({ journal: "./submitted.journal" });
 */
export const publishTo = defineSink({
  name: "publishTo",
  parse(stream: string, options: PublishToOptions = {}) {
    parseOptions("publishTo", StreamName, stream);
    const { root, ...rest } = parseOptions("publishTo", Options, options);
    return { stream, root: root === undefined ? undefined : resolve(root), ...rest };
  },
  target: ({ stream, servers }) => ({ action: "publish to", name: `${stream} at ${serversText(servers)}` }),
  concurrency: 512,
  supportsDryRun: true,
  async open({ options: { stream, replicas, ...address }, dryRun }) {
    const ids = new IdsInRun();
    if (dryRun) return { ids };
    const nats = await NatsServer.connect("publishTo", address);
    await ensureStreams(nats, "publishTo", stream, replicas);
    return { ids, nats };
  },
  async write({ messages }, { options, state: { ids, nats }, signal }) {
    const { root } = options;
    await Promise.all(
      messages.map(async (message) => {
        const reference = encodeOrFail(message, nats?.connection.info?.max_payload, root);
        if (reference === undefined || !claimId(ids, message, "publishTo")) return;
        if (nats) await publish(nats, message, reference, options, signal);
      }),
    );
  },
  close: ({ state: { nats } }) => nats?.close(),
});

async function publish(
  nats: NatsServer,
  message: Message,
  reference: string,
  { stream, deduplicate, retryForMs }: { stream: string; deduplicate: boolean; retryForMs: number },
  signal: AbortSignal,
): Promise<void> {
  const id = deduplicate ? { msgID: messageIdOf(reference, message.value) } : {};
  const { subject } = partsOf(stream).work;
  try {
    const { duplicate } = await nats.publish(stream, subject, reference, id, signal, retryForMs);
    if (duplicate) message.doneBefore("already on the stream");
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SourceError) throw new SinkError(error.code, `publishTo: ${error.message}`, { cause: error });
    const what = `the NATS server accepts no messages for ${stream}: ${describeError(error)}`;
    const text = `publishTo: ${what}; check that it runs and that its disk has free space`;
    throw new SinkError("ERR_ENGINE_UNANSWERED", text, { cause: error, retryable: true });
  }
}

/** Encodes the reference of an input. If that is impossible, fails the input and returns undefined. */
function encodeOrFail(message: Message, maxPayload = 1_048_576, root?: string): string | undefined {
  try {
    return encodeReference(message.value, message.origin, maxPayload - headerBytes, root, message.listed);
  } catch (error) {
    message.fail(error, "publishTo");
    return undefined;
  }
}
