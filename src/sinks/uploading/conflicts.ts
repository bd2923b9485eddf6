/** Conflicts: what becomes of inputs whose ids the server has already. */

import type { App } from "../../client/app.js";
import type { ContentHasher } from "../../client/fingerprint.js";
import type { Clock } from "../../client/pacing/clock.js";
import { classify, statusText } from "../../client/status.js";
import type { WireInput } from "../../client/wire.js";
import { InputError } from "../../core/errors.js";
import type { Message } from "../../core/message.js";
import { type Found, lookUpSuffixed } from "./look-up.js";

/** What to do with an input whose id exists already. */
export type Conflict = "skip" | "replace" | "suffix" | "error";

export interface ConflictOptions {
  app: App;
  conflict: Conflict;
  hasher: ContentHasher;
  clock: Clock;
  signal: AbortSignal;
  stage: string;
}

/** A message that the server accepted. */
export interface Accepted {
  message: Message;
  /** Its id there. */
  id: string;
  /** It is processed already. */
  done: boolean;
  /** It was there, in an earlier run or since a lost answer; its annotations may be too. */
  before?: boolean | undefined;
}

/** Settles what the server was found to have; gives back what is to be sent. `takesSame`: what has the same content is not in the way. */
export async function settleFound(
  messages: readonly Message[],
  found: readonly Found[],
  accepted: Accepted[],
  options: ConflictOptions,
  takesSame = true,
): Promise<Message[]> {
  const { app, conflict, hasher, signal, stage } = options;
  const again: Message[] = [];
  const replace: Message[] = [];
  for (const [index, message] of messages.entries()) {
    const there = found[index] ?? { state: "absent" };
    if (there.state === "absent") again.push(message);
    else if (there.state === "same" && takesSame) settleSame(message, there.input, accepted, options);
    else if (conflict === "replace") replace.push(message);
    else if (conflict === "suffix") {
      const suffixed = await lookUpSuffixed(app, message, hasher, signal);
      if (suffixed) settleSame(message, suffixed, accepted, options);
      else again.push(message);
    } else failTaken(message, stage);
  }
  if (replace.length > 0) {
    await removeAndWait(app, replace, options);
    again.push(...replace);
  }
  return again;
}

/** The same content is there: it is skipped, unless it is still being processed (then it is waited for) or failed there. */
function settleSame(
  message: Message,
  there: WireInput,
  accepted: Accepted[],
  { stage, conflict }: Pick<ConflictOptions, "stage" | "conflict">,
): void {
  const meaning = there.status ? classify(there.status) : "ok";
  const hasAnnotations = message.value.annotations.length > 0;
  if (meaning === "ok" && !hasAnnotations) message.skip("already there", true);
  else if (meaning === "ok") accepted.push({ message, id: there.id, done: true, before: true });
  else if (meaning === "progress") accepted.push({ message, id: there.id, done: false, before: true });
  else {
    const reason = `the same content is there and failed to be processed: ${there.status ? statusText(there.status) : ""}`;
    const hint = conflict === "replace" ? "" : '; delete it, or upload with conflict: "replace"';
    message.fail(new InputError("ERR_FAILED_THERE", `${reason}${hint}`), stage);
  }
}

/** Deletes inputs that the user wants replaced, and waits until they are gone. */
export async function removeAndWait(
  app: App,
  messages: readonly Message[],
  { clock, signal }: Pick<ConflictOptions, "clock" | "signal">,
): Promise<void> {
  const ids = messages.map((message) => message.value.id);
  await app.deleteInputs(ids, signal);
  const deadline = clock.now() + 60_000;
  for (let delay = 20; clock.now() < deadline; delay = Math.min(5000, delay * 1.6)) {
    await clock.sleep(delay, signal);
    if ((await app.listInputs({ ids, signal })).length === 0) return;
  }
}

/** Fails a message whose id is another input's. */
export function failTaken(message: Message, stage: string): void {
  const text = `the id "${message.value.id}" exists already with other content (conflict: "replace" or "suffix" uploads it all the same)`;
  message.fail(new InputError("ERR_ID_TAKEN", text), stage);
}
