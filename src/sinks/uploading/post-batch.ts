/** Posting: sends a batch until every input of it is accepted or has its outcome. */

import { ApiError } from "../../client/api-error.js";
import type { App } from "../../client/app.js";
import { ContentChangedError, type ContentHasher, inputsBody } from "../../client/body.js";
import type { Clock } from "../../client/pacing/clock.js";
import { classify, mayBeOneItem, statusText } from "../../client/status.js";
import type { WireInput } from "../../client/wire.js";
import { checkContent, checkLimits } from "../../core/check-limits.js";
import { type Encoded, encodeInput } from "../../core/encoding.js";
import { InputError, SinkError } from "../../core/errors.js";
import type { Message } from "../../core/message.js";
import { asFatal } from "../requests.js";
import { type Found, lookUp, lookUpSuffixed } from "./look-up.js";

/** What to do with an input whose id exists already. */
export type Conflict = "skip" | "replace" | "suffix" | "error";

export interface PostOptions {
  app: App;
  jobId: string;
  conflict: Conflict;
  hasher: ContentHasher;
  clock: Clock;
  signal: AbortSignal;
  stage: string;
  /** Longest time that a batch is tried again, in milliseconds. */
  retryForMs: number;
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

/** An app that does not exist takes no input at all. */
const noSuchApp = "11101";
const maxItemAttempts = 5;
const doubtsBeforeSplit = 4;

/**
 * Posts messages and gives back those that were accepted; all others are settled.
 *
 * Only what can succeed is sent again. When an answer is lost, the ids are looked up first: what is there with our fingerprint counts as
 * accepted, and only what is not there is sent again. A refusal that one input may have caused is narrowed down by halves. A file that
 * changed fails alone.
 *
 * @throws {SinkError} when the account or the key cannot upload at all
 */
export async function postBatch(messages: readonly Message[], options: PostOptions): Promise<Accepted[]> {
  const { app, clock, signal, stage } = options;
  const accepted: Accepted[] = [];
  const started = clock.now();
  let rest = encodable(messages, stage);
  let doubts = 0;

  for (let attempts = 1; rest.length > 0; attempts += 1) {
    if (attempts > 1) app.transport.counts.retries += 1;
    try {
      const answer = await app.postInputs(bodyOf(rest, options), signal);
      const again = await judgeAll(rest, answer.inputs, attempts, accepted, options);
      if (again.length > 0) await app.transport.pacer.pause(attempts, signal);
      rest = again;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ContentChangedError) {
        rest[error.index]?.fail(error, stage);
        rest = rest.filter((message) => !message.settled);
        continue;
      }
      if (!(error instanceof ApiError)) throw error;
      const fatal = asFatal(error, stage);
      if (fatal) throw fatal;
      if (error.code === noSuchApp) throw new SinkError(error.code, `${stage}: ${error.message}`, { cause: error });
      if (error.doubtful) {
        doubts += 1;
        const absent = await resolveDoubt(rest, accepted, options).catch((failure: unknown) => {
          if (!(failure instanceof ApiError)) throw failure;
          return undefined;
        });
        if (absent === undefined) {
          signal.throwIfAborted();
          failAll(rest, error, attempts, stage); // whether they arrived is unknown, so they are not sent again
          break;
        }
        rest = absent;
        if (rest.length === 0) break;
        if (doubts >= doubtsBeforeSplit && rest.length > 1) return [...accepted, ...(await inHalves(rest, options))];
        if (clock.now() - started < options.retryForMs && !(rest.length === 1 && doubts > 2 * doubtsBeforeSplit)) {
          await app.transport.pacer.pause(doubts, signal);
          continue;
        }
      } else if (error.status && mayBeOneItem(error.status) && rest.length > 1) {
        return [...accepted, ...(await inHalves(rest, options))];
      }
      failAll(rest, error, attempts, stage);
      break;
    }
  }
  return accepted;
}

async function inHalves(messages: readonly Message[], options: PostOptions): Promise<Accepted[]> {
  const middle = Math.ceil(messages.length / 2);
  const first = await postBatch(messages.slice(0, middle), options);
  return [...first, ...(await postBatch(messages.slice(middle), options))];
}

/** Reads the status of every input; gives back those to be sent again. */
async function judgeAll(
  messages: readonly Message[],
  answers: readonly WireInput[],
  attempts: number,
  accepted: Accepted[],
  options: PostOptions,
): Promise<Message[]> {
  const { stage } = options;
  const inOrder = answers.length === messages.length;
  const byId = inOrder ? undefined : new Map(answers.map((answer) => [answer.id, answer]));
  const again: Message[] = [];
  const duplicates: Message[] = [];
  const unnamed: Message[] = [];
  messages.forEach((message, index) => {
    const answer = inOrder ? answers[index] : byId?.get(message.value.id);
    if (!answer && answers.length > 0) {
      unnamed.push(message);
      return;
    }
    // An answer that is a success and names no inputs is taken at its word.
    const status = answer?.status ?? { code: 30001 };
    const id = answer && answer.id !== "" ? answer.id : message.value.id;
    switch (classify(status)) {
      case "ok":
        accepted.push({ message, id, done: true });
        break;
      case "progress":
        accepted.push({ message, id, done: false });
        break;
      case "duplicate":
        duplicates.push(message);
        break;
      case "permanent":
        message.fail(new InputError(String(status.code), statusText(status)), stage, attempts);
        break;
      default:
        if (attempts < maxItemAttempts) again.push(message);
        else
          message.fail(new InputError(String(status.code), statusText(status), { retryable: true }), stage, attempts);
    }
  });
  if (duplicates.length > 0) again.push(...(await settleDuplicates(duplicates, accepted, options)));
  if (unnamed.length > 0) again.push(...(await resolveDoubt(unnamed, accepted, options)));
  return again;
}

/** Finds out what arrived although no answer says so; gives back what did not. */
async function resolveDoubt(
  messages: readonly Message[],
  accepted: Accepted[],
  options: PostOptions,
): Promise<Message[]> {
  const found = await lookUp(options.app, messages, options.hasher, options.signal);
  const absent: Message[] = [];
  const taken: Message[] = [];
  messages.forEach((message, index) => {
    const { state, input } = (found[index] ?? { state: "absent" }) as Found & { input?: WireInput };
    if (state === "absent") absent.push(message);
    else if (state === "same" && input) {
      recover(message, input, accepted);
    } else taken.push(message);
  });
  if (taken.length === 0) return absent;
  if (options.conflict !== "suffix") {
    for (const message of taken) failTaken(message, options.stage);
    return absent;
  }
  for (const message of taken) {
    const input = await lookUpSuffixed(options.app, message, options.hasher, options.signal);
    if (input) recover(message, input, accepted);
    else absent.push(message);
  }
  return absent;
}

function recover(message: Message, input: WireInput, accepted: Accepted[]): void {
  message.note("recovered");
  const done = input.status !== undefined && classify(input.status) === "ok";
  accepted.push({ message, id: input.id, done, before: true });
}

/** Applies the conflict policy to inputs whose id the server has; gives back those to be sent again. */
async function settleDuplicates(
  messages: readonly Message[],
  accepted: Accepted[],
  options: PostOptions,
): Promise<Message[]> {
  const { app, conflict, hasher, signal } = options;
  const found = await lookUp(app, messages, hasher, signal);
  return settleFound(messages, found, accepted, options, conflict !== "error");
}

/** Settles what the server was found to have; gives back what is to be sent. `takesSame`: what has the same content is not in the way. */
export async function settleFound(
  messages: readonly Message[],
  found: readonly Found[],
  accepted: Accepted[],
  options: Omit<PostOptions, "jobId">,
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
  { stage, conflict }: Pick<PostOptions, "stage" | "conflict">,
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
  { clock, signal }: Pick<PostOptions, "clock" | "signal">,
): Promise<void> {
  const ids = messages.map((message) => message.value.id);
  await app.deleteInputs(ids, signal);
  const deadline = clock.now() + 60_000;
  for (let delay = 20; clock.now() < deadline; delay = Math.min(5000, delay * 1.6)) {
    await clock.sleep(delay, signal);
    if ((await app.listInputs({ ids, signal })).length === 0) return;
  }
}

function failTaken(message: Message, stage: string): void {
  const text = `the id "${message.value.id}" exists already with other content (conflict: "replace" or "suffix" uploads it all the same)`;
  message.fail(new InputError("ERR_ID_TAKEN", text), stage);
}

function failAll(messages: readonly Message[], error: ApiError, attempts: number, stage: string): void {
  for (const message of messages) message.fail(error, stage, Math.max(attempts, error.attempts));
}

/** Messages that are fit to be sent: they have content. Those that skipped `batch()` are checked here. */
function encodable(messages: readonly Message[], stage: string): Message[] {
  return messages.filter((message) => {
    if (message.settled) return false;
    try {
      checkContent(message.value);
      if (message.encoded) return true;
      message.encoded = encodeInput(message.value);
      checkLimits(message.value, message.encoded);
      return true;
    } catch (error) {
      message.fail(error, stage);
      return false;
    }
  });
}

function bodyOf(messages: readonly Message[], { jobId, conflict, hasher }: PostOptions) {
  const policy = conflict === "suffix" ? `"input_id_conflict_resolution":"SUFFIX",` : "";
  const before = `{"inputs_add_job_id":${JSON.stringify(jobId)},${policy}"inputs":[`;
  return inputsBody(
    before,
    messages.map((message) => message.encoded as Encoded),
    "]}",
    hasher,
  );
}
