/** Claims of ids: detect two inputs with the same id in one run, before the second is sent. */

import { resolve } from "node:path";
import { InputError } from "../../errors.js";
import type { Message } from "../message.js";
import { type IdsInRun, shortened } from "./ids-in-run.js";

/**
 * Returns whether a message may be sent under its id. If another input of this run has the id, or an earlier run finished one with it, the message is
 * settled: skipped if the id stands for the content or both inputs are the same file, otherwise failed (ERR_ID_IN_RUN).
 */
export function claimId(ids: IdsInRun, message: Message, stage: string): boolean {
  const { id } = message.value;
  const { origin, sequence, sameId } = message;
  const first = message.context.accounting.finishedIds?.find(id) ?? ids.claim(id, origin, sequence);
  if (!first) return true;
  if (first.sequence === sequence) {
    const text = `two parts of ${origin} have the id "${id}"; give each part its own id in the transform that makes them`;
    message.fail(new InputError("ERR_ID_IN_RUN", text), stage);
    return false;
  }
  if (sameId === "again" && first.origin === shortened(origin)) return true;
  // An id that a transform changed no longer stands for the content.
  if (sameId === "duplicate" && id === message.source.id) message.skip(`duplicate of ${first.origin}`, true);
  else if (sameId === "file" && resolve(first.origin) === resolve(origin))
    message.skip(`the same file as ${first.origin}`, true);
  else {
    const text = `${first.origin} already has the id "${id}" in this run, so ${origin} was not sent`;
    const hint = "give them different ids: the option ids of the source, on the command line --ids";
    message.fail(new InputError("ERR_ID_IN_RUN", `${text}; ${hint}`), stage);
  }
  return false;
}
