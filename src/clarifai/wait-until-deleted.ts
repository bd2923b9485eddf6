/** Waits until the server has deleted inputs, which it does in the background. */

import type { Clock } from "../core/net/clock.js";
import type { App } from "./client/app.js";
import type { WireInput } from "./wire/decode-answers.js";

/** The first and the longest wait between two lookups, in milliseconds. */
const firstDelayMs = 20;
const lastDelayMs = 5000;

export interface DeletedOptions {
  clock: Clock;
  signal: AbortSignal;
  /** Longest wait, in milliseconds. */
  withinMs: number;
}

/**
 * Looks up inputs whose deletion the server accepted, 128 at most, until the server lists none of them or `withinMs` is over. Returns the inputs that it
 * still lists.
 *
 * @throws {ApiError} when the lookup fails
 */
export async function waitUntilDeleted(
  app: App,
  ids: readonly string[],
  { clock, signal, withinMs }: DeletedOptions,
): Promise<Map<string, WireInput>> {
  const deadline = clock.now() + withinMs;
  let remaining = new Map<string, WireInput>();
  let waiting = ids;
  for (let delay = firstDelayMs; waiting.length > 0; delay = Math.min(lastDelayMs, delay * 1.6)) {
    await clock.sleep(Math.min(delay, Math.max(0, deadline - clock.now())), signal);
    const listed = await app.listInputs({ ids: waiting, signal });
    remaining = new Map(listed.map((input) => [input.id, input]));
    waiting = [...remaining.keys()];
    if (clock.now() >= deadline) break;
  }
  return remaining;
}
