/** Batching: groups messages into requests that fit the limits of the API, by kind, count, encoded bytes and age. */

import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import { type Message, messagesOf } from "../core/accounting/message.js";
import type { RunContext } from "../core/accounting/run-context.js";
import { type Kind, kindOf } from "../core/input/input.js";
import { type OptionsOf, parseOptions } from "../core/plugin/plugin.js";
import { announce } from "../core/plugin/stages.js";
import { guarded, Observable } from "../core/util/observable.js";
import { checkLimits } from "./check-limits.js";
import { limits } from "./limits.js";
import { encodeInput } from "./wire/encoding.js";

const Options = z.strictObject({
  /** Most inputs in one batch, 1 to 128. Default: 128. */
  maxItems: z.number().int().min(1).max(limits.maxInputsPerRequest).default(limits.maxInputsPerRequest),
  /** The encoded request stays below this many bytes. Default and most: 128,000,000. */
  maxBytes: z.number().int().min(1000).max(limits.maxRequestBytes).default(limits.maxRequestBytes),
  /** Longest time an input waits for its batch to fill, in milliseconds. Default: 1000. */
  maxWaitMs: z.number().min(0).max(86_400_000).default(1000),
});
/** Options of `batch`. */
export type BatchOptions = OptionsOf<typeof Options>;

/** Bytes of a request besides its inputs: brackets, the job's id, the conflict policy. */
export const envelopeBytes = 256;
/** Batches of one kind that fill at the same time; more would fill a little better and wait a little longer. */
const openBatches = 4;

interface Bin {
  messages: Message[];
  ids: Set<string>;
  bytes: number;
}

/**
 * Collects messages and emits them as one array when no more would fit.
 *
 * What is counted is what is sent: base64 and JSON, by arithmetic. No batch ever exceeds 128 inputs or its byte limit; a video
 * goes alone; the kinds fill separate batches; an id is never twice in one batch. An input that can never fit settles as failed,
 * with the limit and its value. Inputs of one kind stay in order unless their sizes make another batch fit better.
 * A batch goes when it is full, when its oldest input has waited `maxWaitMs`, and when the source is held up by waiting
 * batches alone. On completion the last batches are emitted short; nothing is emitted empty.
 *
 * Limits: https://docs.clarifai.com/create-manage/inputs/upload
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(batch({ maxBytes: 20_000_000 }), upload(app));
 */
export function batch(options: BatchOptions = {}): OperatorFunction<Message, Message[]> {
  const { maxItems, maxBytes, maxWaitMs } = parseOptions("batch", Options, options);
  const room = Math.max(maxBytes - envelopeBytes, 1);

  return (input) => {
    announce({ kind: "batch" });
    return new Observable((output) => {
      const lanes = new Map<Kind, Bin[]>();
      const timers = new Map<Bin, NodeJS.Timeout>();
      let context: RunContext | undefined;
      let removeFlusher: (() => void) | undefined;

      const seal = (lane: Bin[], bin: Bin) => {
        lane.splice(lane.indexOf(bin), 1);
        clearTimeout(timers.get(bin));
        timers.delete(bin);
        context?.gate.wait(-bin.messages.length);
        output.next(bin.messages);
        for (const message of bin.messages) message.release();
      };
      const flush = () => {
        for (const lane of lanes.values()) for (const bin of [...lane]) seal(lane, bin);
      };
      const place = (message: Message, bytes: number) => {
        const kind = kindOf(message.value) ?? "text";
        let lane = lanes.get(kind);
        if (!lane) lanes.set(kind, (lane = []));
        let bin = bestFit(lane, message, bytes, room);
        if (!bin) {
          if (lane.length >= openBatches) seal(lane, fullest(lane));
          const opened: Bin = { messages: [], ids: new Set(), bytes: 0 };
          bin = opened;
          lane.push(opened);
          timers.set(
            opened,
            setTimeout(() => seal(lane, opened), maxWaitMs),
          );
        }
        message.hold();
        bin.messages.push(message);
        bin.ids.add(message.value.id);
        bin.bytes += bytes + 1; // the comma
        message.context.gate.wait(1);
        if (bin.messages.length >= maxItems || bin.bytes >= room || kind === "video") seal(lane, bin);
      };
      const add = (message: Message) => {
        if (message.settled) return;
        if (!context) {
          context = message.context;
          removeFlusher = context.gate.onBlocked(flush);
        }
        try {
          const encoded = encodeInput(message.value);
          checkLimits(message.value, encoded);
          message.encoded = encoded;
          place(message, encoded.bytes);
        } catch (error) {
          message.fail(error, "batch");
        }
      };

      const subscription = input.subscribe({
        next: guarded(output, (item) => {
          for (const message of messagesOf(item, "batch")) add(message);
        }),
        error: (error: unknown) => output.error(error),
        complete: () => {
          flush();
          output.complete();
        },
      });
      return () => {
        subscription.unsubscribe();
        removeFlusher?.();
        for (const timer of timers.values()) clearTimeout(timer);
        for (const lane of lanes.values()) {
          for (const bin of lane) {
            context?.gate.wait(-bin.messages.length);
            for (const message of bin.messages) message.letGo();
          }
        }
        lanes.clear();
      };
    });
  };
}

/** The fullest batch that still has room, so that large inputs find small ones to travel with. */
function bestFit(lane: readonly Bin[], message: Message, bytes: number, room: number): Bin | undefined {
  let best: Bin | undefined;
  for (const bin of lane) {
    if (bin.bytes + bytes + 1 > room || bin.ids.has(message.value.id)) continue;
    if (!best || bin.bytes > best.bytes) best = bin;
  }
  return best;
}

function fullest(lane: readonly Bin[]): Bin {
  return lane.reduce((most, bin) => (bin.bytes > most.bytes ? bin : most));
}
