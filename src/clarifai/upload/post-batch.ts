/** Posting: sends a batch until every input of it is accepted or has its outcome. */

import type { Message } from "../../core/accounting/message.js";
import { InputError } from "../../core/errors.js";
import { checkContent, checkLimits } from "../check-limits.js";
import { ApiError } from "../client/api-error.js";
import { answersTo, asFatalToUpload, settleWith } from "../requests.js";
import { ContentChangedError, inputsBody } from "../wire/body.js";
import { type Encoded, encodeInput } from "../wire/encoding.js";
import type { WireInput } from "../wire/inputs.js";
import { classify, codes, mayBeOneItem, statusText } from "../wire/status.js";
import { type Accepted, type ConflictOptions, failTaken, recover, settleFound } from "./conflicts.js";
import { type Found, lookUp, lookUpSuffixed } from "./look-up.js";

export interface PostOptions extends ConflictOptions {
  jobId: string;
  /** Longest time that a batch is tried again, in milliseconds. */
  retryForMs: number;
  /** The platform may find other ids. It does so at once, so that it is asked only when the ids are known to be taken. */
  suffix?: boolean | undefined;
}

const maxItemAttempts = 5;
/** Times that a server may call ids taken, or leave inputs out of its answer, and not have them. */
const maxStrangeAnswers = 4;
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
  let strange = 0;
  /** Sent, and then not there when asked for. They may be there all the same, a moment later. */
  const doubted = new Set<Message>();

  for (let attempts = 1; rest.length > 0; attempts += 1) {
    if (attempts > 1) app.transport.counts.retries += 1;
    try {
      const answer = await app.postInputs(bodyOf(rest, options), signal);
      const judged = judgeAll(rest, answer.inputs, attempts, accepted, options);
      const { again } = judged;
      if (judged.duplicates.length + judged.unnamed.length > 0) {
        strange += 1;
        again.push(...(await settleDuplicates(judged.duplicates, strange, doubted, accepted, options)));
        again.push(...(await settleUnnamed(judged.unnamed, strange, accepted, options)));
      }
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
      const fatal = asFatalToUpload(error, stage);
      if (fatal) throw fatal;
      if (error.outcomeUnknown) {
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
        for (const message of rest) doubted.add(message);
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

interface Judged {
  /** To be sent again. */
  again: Message[];
  /** Their ids are taken. */
  duplicates: Message[];
  /** The answer does not name them. */
  unnamed: Message[];
}

/** Reads the status of every input, and settles what is clear. */
function judgeAll(
  messages: readonly Message[],
  answers: readonly WireInput[],
  attempts: number,
  accepted: Accepted[],
  { stage }: PostOptions,
): Judged {
  const ids = messages.map((message) => message.value.id);
  const found = answersTo(ids, answers);
  const again: Message[] = [];
  const duplicates: Message[] = [];
  const unnamed: Message[] = [];
  messages.forEach((message, index) => {
    const answer = found[index];
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
  return { again, duplicates, unnamed };
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
    if (state === "same" && input) recover(message, input, accepted);
    else if (state === "other") taken.push(message);
    else absent.push(message); // what cannot be read fails when it is to be sent
  });
  if (taken.length === 0) return absent;
  if (options.conflict === "replace") return [...absent, ...taken]; // refused once more, which is then dealt with
  if (options.conflict !== "suffix") {
    for (const message of taken) failTaken(message, options.stage);
    return absent;
  }
  for (const message of taken) {
    await settleWith([message], options.stage, async () => {
      const input = await lookUpSuffixed(options.app, message, options.hasher, options.signal);
      if (input) recover(message, input, accepted);
      else absent.push(message);
    });
  }
  return absent;
}

/** Applies the conflict policy to inputs whose id the server has; gives back those to be sent again. */
async function settleDuplicates(
  messages: readonly Message[],
  strange: number,
  recovered: ReadonlySet<Message>,
  accepted: Accepted[],
  options: PostOptions,
): Promise<Message[]> {
  const { app, conflict, hasher, signal, stage } = options;
  let again: Message[] = [];
  let suffixed: Message[] = [];
  if (strange > maxStrangeAnswers) {
    for (const message of messages) {
      const text = `the server calls the id "${message.value.id}" taken, and does not have it`;
      message.fail(new InputError(String(codes.inputDuplicate), text, { retryable: true }), stage, strange);
    }
    return again;
  }
  await settleWith(messages, stage, async () => {
    const found = await lookUp(app, messages, hasher, signal);
    const isTaken = new Set(messages.filter((_, index) => found[index]?.state === "other"));
    const left = await settleFound(messages, found, accepted, options, {
      takesSame: conflict !== "error",
      exactIsOk: conflict === "replace",
      recovered,
    });
    suffixed = conflict === "suffix" && !options.suffix ? left.filter((message) => isTaken.has(message)) : [];
    again = left.filter((message) => !suffixed.includes(message));
  });
  if (suffixed.length > 0) accepted.push(...(await postBatch(suffixed, { ...options, suffix: true })));
  return again;
}

/** Finds out about inputs that an answer leaves out; gives back those to be sent again. */
async function settleUnnamed(
  messages: readonly Message[],
  strange: number,
  accepted: Accepted[],
  options: PostOptions,
): Promise<Message[]> {
  const { stage } = options;
  let again: Message[] = [];
  if (messages.length === 0) return again;
  await settleWith(messages, stage, async () => {
    again = await resolveDoubt(messages, accepted, options);
  });
  if (strange <= maxStrangeAnswers) return again;
  const error = new InputError("ERR_ANSWER_INCOMPLETE", "the answer does not name it", { retryable: true });
  for (const message of again) message.fail(error, stage, strange);
  return [];
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

function bodyOf(messages: readonly Message[], { jobId, suffix, hasher }: PostOptions) {
  const policy = suffix ? `"input_id_conflict_resolution":"SUFFIX",` : "";
  const before = `{"inputs_add_job_id":${JSON.stringify(jobId)},${policy}"inputs":[`;
  return inputsBody(
    before,
    messages.map((message) => message.encoded as Encoded),
    "]}",
    hasher,
  );
}
