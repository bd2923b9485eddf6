/** Patches that add to lists: sent twice they would add twice, so that what is in doubt is looked at before it is sent again. */

import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../core/util/json-values.js";
import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";
import type { InputPatch, ItemStatus } from "../client/app-types.js";
import { answersTo } from "../requests.js";
import { codes } from "../wire/status.js";

/** Times that such a patch is sent when its answers are lost. */
const maxAttempts = 5;

/**
 * Merges metadata with lists. The server's data are read beforehand. After a lost answer, an input is patched again unless its metadata changed and have
 * what the patch adds; `has` tells that of the input with an id.
 *
 * @returns the answer to each patch, in their order
 * @throws {ApiError} when the request is refused, or when nobody can say what became of it
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
  for (let attempts = 1; rest.length > 0; attempts += 1) {
    try {
      const sent = rest.map(({ id }) => id);
      for (const [index, answer] of answersTo(sent, await app.patchInputs(rest, "merge", signal, false)).entries()) {
        if (answer) answers.set(sent[index] as string, answer);
      }
      break;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ApiError) || !error.outcomeUnknown || attempts === maxAttempts) throw error;
      const now = await dataOnServer(app, ids, signal).catch(() => {
        throw error;
      });
      for (const { id } of rest) {
        const data = now.get(id);
        const isChanged = data !== undefined && !isDeepStrictEqual(data.metadata, before.get(id)?.metadata);
        if (isChanged && has(id, data)) answers.set(id, { id, status: { code: codes.patched }, data });
      }
      rest = rest.filter(({ id }) => !answers.has(id));
      if (rest.length > 0) await app.transport.pacer.pause(attempts, signal);
    }
  }
  return ids.flatMap((id) => answers.get(id) ?? []);
}

/** The data that the server has of inputs; those that do not exist are left out. */
export async function dataOnServer(
  app: App,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, JsonObject>> {
  const listed = await app.listInputs({ ids, signal });
  return new Map(listed.map((input) => [input.id, input.data as JsonObject]));
}
