/** The ids of a run: two inputs of one id are noticed before the second is sent. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { InputError } from "./errors.js";
import { DigestNumbers } from "./journal/digest-set.js";
import { fingerprintOfKey } from "./journal.js";
import type { Message } from "./message.js";
import { OriginLog } from "./origin-log.js";

/** Longest origin that is recorded, in characters. */
const maxOriginLength = 300;

/** Who had an id first. */
export interface FirstUse {
  origin: string;
  /** The input's number in its run. */
  sequence: number;
}

/** Ids and who had each first: about 50 bytes an id, so 50 MB for a million. */
export class IdsInRun {
  readonly #numbers = new DigestNumbers();
  readonly #origins = new OriginLog();

  /** Records who has an id; gives who had it before, where somebody had. */
  claim(id: string, origin: string, sequence: number): FirstUse | undefined {
    const first = this.#numbers.add(fingerprintOfKey(id), this.#origins.length);
    if (first === undefined) this.#origins.push(`${shortened(origin)}\n${sequence}`);
    return first === undefined ? undefined : this.#useAt(first);
  }

  find(id: string): FirstUse | undefined {
    const first = this.#numbers.get(fingerprintOfKey(id));
    return first === undefined ? undefined : this.#useAt(first);
  }

  #useAt(index: number): FirstUse {
    const text = this.#origins.at(index);
    const end = text.lastIndexOf("\n");
    return { origin: text.slice(0, end), sequence: Number(text.slice(end + 1)) };
  }
}

/**
 * Whether a message may be sent under its id. One whose id another input has in this run is settled: failed, or skipped where the id stands for the
 * content itself or both are one file. What an earlier run finished under the id counts too.
 */
export function claimId(ids: IdsInRun, message: Message, stage: string): boolean {
  const { id } = message.value;
  const { origin, sequence, sameId } = message;
  const first = message.context.finishedIds?.find(id) ?? ids.claim(id, origin, sequence);
  if (!first) return true;
  if (first.sequence === sequence) {
    const text = `two parts of ${origin} have the id "${id}"; give each part an id of its own in the transform that makes them`;
    message.fail(new InputError("ERR_ID_IN_RUN", text), stage);
    return false;
  }
  if (sameId === "again" && first.origin === shortened(origin)) return true;
  if (sameId === "duplicate") message.skip(`duplicate of ${first.origin}`, true);
  else if (isSameFile(first.origin, origin)) message.skip(`the same file as ${first.origin}`, true);
  else {
    const text = `${first.origin} has the id "${id}" already in this run, so ${origin} was not sent`;
    const hint = "give them different ids: the option ids of the source, on the command line --ids";
    message.fail(new InputError("ERR_ID_IN_RUN", `${text}; ${hint}`), stage);
  }
  return false;
}

function shortened(origin: string): string {
  return origin.length > maxOriginLength ? `${origin.slice(0, maxOriginLength)}…` : origin;
}

/** Whether two origins are one file, named twice. */
function isSameFile(first: string, second: string): boolean {
  return resolve(first) === resolve(second) && existsSync(second);
}
