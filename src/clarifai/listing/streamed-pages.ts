/** Reads all inputs of an app through the API's stream, while inputs are deleted or added. */

import { SourceError } from "../../core/errors.js";
import { IdSet } from "../../core/util/id-set.js";
import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";
import type { StreamOrder } from "../client/app-types.js";
import type { WireInput } from "../wire/decode-answers.js";

/** Restarts of the stream in a row that find no new input. A server that never finds the id of a listed input would be read forever. */
const maxFruitless = 10;

/**
 * Yields every input of an app once, page by page, in the order in which the server added them.
 *
 * A page is requested by the id of the last input of the page before it. That input is held back until the answer arrives, so the flow cannot delete it
 * in the meantime. If another process deletes it, a server may refuse the id or answer with an empty page, which looks like the end. Therefore the id
 * is looked up; if it does not exist, the stream is read again from its start, without the inputs that were yielded.
 *
 * @throws {SourceError} ERR_LISTING if the server does not continue behind the requested id, or never finds the ids that it lists
 */
export async function* streamedPages(
  app: App,
  perPage: number,
  signal: AbortSignal,
  order?: StreamOrder,
): AsyncGenerator<WireInput[], void> {
  const seen = new IdSet();
  let last: WireInput | undefined;
  let held: WireInput[] = [];
  let fruitless = 0;
  for (;;) {
    const page = await pageBehind(app, { lastId: last?.id, perPage, signal, order });
    if (!page && last) {
      fruitless += 1;
      if (fruitless > maxFruitless) throw notFound(last.id);
    }
    if (page && page.length === 0) break;
    if (page && last && page.at(-1)?.id === last.id) {
      // The server ignores last_id. A page that is not full contains all inputs of the app.
      if (page.length < perPage) break;
      throw notPaged(last.id);
    }
    const ready = held;
    held = [];
    last = page?.at(-1);
    for (const input of page ?? []) if (seen.add(input.id)) (input === last ? held : ready).push(input);
    if (ready.length > 0 || held.length > 0) fruitless = 0;
    if (ready.length > 0) yield ready;
  }
  if (held.length > 0) yield held;
}

/** Reads the page behind an input: an empty one at the end, and undefined if the input does not exist, so that its position is unknown. */
async function pageBehind(
  app: App,
  request: { lastId: string | undefined; perPage: number; signal: AbortSignal; order: StreamOrder | undefined },
): Promise<WireInput[] | undefined> {
  const { lastId, signal } = request;
  try {
    const page = await app.streamInputs(request);
    return page.length > 0 || lastId === undefined || (await exists(app, lastId, signal)) ? page : undefined;
  } catch (error) {
    if (!(error instanceof ApiError) || error.retryable || lastId === undefined) throw error;
    const isListed = await exists(app, lastId, signal).catch(() => true); // if this lookup fails too, throw the first error
    if (isListed) throw error;
    return undefined;
  }
}

async function exists(app: App, id: string, signal: AbortSignal): Promise<boolean> {
  return (await app.listInputs({ ids: [id], signal })).some((input) => input.id === id);
}

function notFound(id: string): SourceError {
  const text = `listInputs: the server lists the input "${id}", and does not find it by its id; its stream cannot be read to its end`;
  return new SourceError("ERR_LISTING", text);
}

function notPaged(id: string): SourceError {
  const text = `listInputs: the server answered last_id "${id}" with a page that ends with the same input; its stream cannot be read`;
  return new SourceError("ERR_LISTING", text);
}
