/** Sink: references of inputs onto a stream of the engine, for workers. */

import { resolve } from "node:path";
import * as z from "zod";
import { claimId } from "../core/accounting/claim-id.js";
import { IdsInRun } from "../core/accounting/ids-in-run.js";
import type { Message } from "../core/accounting/message.js";
import { describeError, SinkError } from "../core/errors.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { Engine, engineOptions, StreamName, serversText } from "./nats-server.js";
import { encodeReference } from "./reference.js";
import { ensureStreams, partsOf } from "./streams.js";

const Options = z.strictObject({
  ...engineOptions,
  /** Folder that the files are in: they are published relative to it, for workers that have it in another place. Default: whole paths. */
  root: z.string().min(1).optional(),
  /** Copies of the stream in a cluster, when it is made. Default: 1. */
  replicas: z.number().int().min(1).max(5).optional(),
  /** An id that was published in the last two minutes is passed over. Default: true; false for inputs that are to be tried again. */
  deduplicate: z.boolean().default(true),
  /** Longest time that a message is published again while the engine does not answer, in milliseconds. Default: 300,000. */
  retryForMs: z.number().min(0).default(300_000),
});
/** Options of `publishTo`. */
export type PublishToOptions = OptionsOf<typeof Options>;

/** Of the largest message, what its headers may need. */
const headerBytes = 512;

/**
 * Publishes a reference of each input to a stream: its id, fields, origin, and the paths and URLs of its content; never the bytes of a file. The
 * stream is made where it is missing. Workers take them from there (`jetstream`), and see files under the same paths, or under their own `root`.
 *
 * Two inputs of one id in one run: the second fails with ERR_ID_IN_RUN. Signatures of URLs travel in a field of their own, marked secret.
 *
 * An input goes on downstream when the engine has it on disk. Order is that of the source, or nearly. An id that is published again within two minutes
 * is skipped ("on the stream already"); a journal knows for longer. While the engine is away, messages wait, at most `maxInFlight` of them, and the source
 * with them. An input with bytes in memory fails, and so does one whose text and fields are more than the engine takes (its `max_payload`, 1 MB unless
 * set). On an abort, what was not answered stays unsettled.
 *
 * @throws {OptionsError} ERR_OPTIONS; (the run rejects) ERR_PACKAGE_MISSING
 * @throws {SinkError} (the run rejects) ERR_ENGINE_UNANSWERED; {FlowError} ERR_ENGINE_UNREACHABLE, ERR_ENGINE_REFUSED, ERR_STREAM
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
    const engine = await Engine.open("publishTo", address);
    await ensureStreams(engine, "publishTo", stream, replicas);
    return { ids, engine };
  },
  async write({ messages }, { options, state: { ids, engine }, signal }) {
    const { root } = options;
    await Promise.all(
      messages.map(async (message) => {
        const reference = referenceOf(message, engine?.connection.info?.max_payload, root);
        if (reference === undefined || !claimId(ids, message, "publishTo")) return;
        if (engine) await publish(engine, message, reference, options, signal);
      }),
    );
  },
  close: ({ state: { engine } }) => engine?.close(),
});

async function publish(
  engine: Engine,
  message: Message,
  reference: string,
  { stream, deduplicate, retryForMs }: { stream: string; deduplicate: boolean; retryForMs: number },
  signal: AbortSignal,
): Promise<void> {
  const id = deduplicate ? { msgID: message.value.id } : {};
  try {
    const send = () => engine.client.publish(partsOf(stream).work.subject, reference, id);
    const { duplicate } = await engine.untilAnswered(send, signal, retryForMs);
    if (duplicate) message.doneBefore("on the stream already");
  } catch (error) {
    signal.throwIfAborted();
    const text = `publishTo: the engine does not take messages for ${stream}: ${describeError(error)}`;
    throw new SinkError("ERR_ENGINE_UNANSWERED", text, { cause: error, retryable: true });
  }
}

/** What is published; undefined for an input that failed. */
function referenceOf(message: Message, maxPayload = 1_048_576, root?: string): string | undefined {
  try {
    return encodeReference(message.value, message.origin, maxPayload - headerBytes, root, message.listed);
  } catch (error) {
    message.fail(error, "publishTo");
    return undefined;
  }
}
