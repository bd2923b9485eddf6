/** Claims: an input of an id that another has in the same run is noticed before it is sent. */

import { resolve } from "node:path";
import { InputError } from "../errors.js";
import { type IdsInRun, shortened } from "./ids-in-run.js";
import type { Message } from "./message.js";

/**
 * Whether a message may be sent under its id. One whose id another input has in this run is settled: failed, or skipped where the id stands for the
 * content itself or both are one file. What an earlier run finished under the id counts too.
 */
export function claimId(ids: IdsInRun, message: Message, stage: string): boolean {
  const { id } = message.value;
  const { origin, sequence, sameId } = message;
  const first = message.context.accounting.finishedIds?.find(id) ?? ids.claim(id, origin, sequence);
  if (!first) return true;
  if (first.sequence === sequence) {
    const text = `two parts of ${origin} have the id "${id}"; give each part an id of its own in the transform that makes them`;
    message.fail(new InputError("ERR_ID_IN_RUN", text), stage);
    return false;
  }
  if (sameId === "again" && first.origin === shortened(origin)) return true;
  // An id that a transform changed does not stand for the content any more.
  if (sameId === "duplicate" && id === message.source.id) message.skip(`duplicate of ${first.origin}`, true);
  else if (sameId === "file" && resolve(first.origin) === resolve(origin))
    message.skip(`the same file as ${first.origin}`, true);
  else {
    const text = `${first.origin} has the id "${id}" already in this run, so ${origin} was not sent`;
    const hint = "give them different ids: the option ids of the source, on the command line --ids";
    message.fail(new InputError("ERR_ID_IN_RUN", `${text}; ${hint}`), stage);
  }
  return false;
}
