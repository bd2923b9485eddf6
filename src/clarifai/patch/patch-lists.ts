/** Sends patches that add to lists. Sent twice they would add twice, so an unknown outcome is looked up before a patch is sent again. */

import { isDeepStrictEqual } from "node:util";
import { again, fail, ok, retry, unknown, type Verdict } from "../../core/net/retry.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";
import type { InputPatch, ItemStatus } from "../client/app-types.js";
import { answersTo } from "../requests.js";
import { statusCodes } from "../wire/status-codes.js";

/** Maximum number of attempts of a patch whose answers are lost. */
const maxAttempts = 5;

/**
 * Merges metadata with lists. It reads the server's data beforehand. After a lost answer, an input is patched again unless its metadata changed and
 * contain what the patch adds; `has` returns whether the data of an input contain it.
 *
 * @returns the answer to each patch, in their order
 * @throws {ApiError} when the request is refused, or when its outcome stays unknown
 */
export async function patchLists(
  app: App,
  patches: readonly InputPatch[],
  has: (id: string, data: JsonObject) => boolean,
  signal: AbortSignal,
): Promise<ItemStatus[]> {
  const ids = patches.map(({ id }) => id);
  const before = await dataOnServer(app, ids, signal);
  const answers = new Map<string, ItemStatus>();
  let rest = patches;
  const send = async () => {
    const sent = rest.map(({ id }) => id);
    for (const [index, answer] of answersTo(sent, await app.patchInputs(rest, "merge", signal, false)).entries()) {
      if (answer) answers.set(sent[index] as string, answer);
    }
    return ok(undefined);
  };
  const reconcile = async (lost: Error): Promise<Verdict<undefined, "lost">> => {
    const now = await dataOnServer(app, ids, signal).catch(() => undefined);
    if (!now) return fail(lost);
    for (const { id } of rest) {
      const data = now.get(id);
      const isChanged = data !== undefined && !isDeepStrictEqual(data.metadata, before.get(id)?.metadata);
      if (isChanged && has(id, data)) answers.set(id, { id, status: { code: statusCodes.INPUT_MODIFY_SUCCESS }, data });
    }
    rest = rest.filter(({ id }) => !answers.has(id));
    return rest.length === 0 ? ok(undefined) : again("lost", lost);
  };
  await retry<undefined, "lost">(send, {
    rules: { lost: { maxAttempts, pause: ({ attempts }) => app.transport.pacer.pause(attempts, signal) } },
    signal,
    reconcile,
    verdictOf: (error) => {
      if (error instanceof ApiError && error.outcomeUnknown) return unknown(error);
      throw error;
    },
  });
  return ids.flatMap((id) => answers.get(id) ?? []);
}

/** Returns the data that the server has of inputs. Inputs that do not exist are left out. */
export async function dataOnServer(
  app: App,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, JsonObject>> {
  const listed = await app.listInputs({ ids, signal });
  return new Map(listed.map((input) => [input.id, input.data as JsonObject]));
}
