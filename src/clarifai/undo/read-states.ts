/** Reads the states of inputs in an app: what a restore needs, with annotations and datasets. */

import { InputError } from "../../core/errors.js";
import type { Json } from "../../core/input/input.js";
import { type Input, mediaOf } from "../../core/input/input.js";
import type { Batch, StateContext, StateReader } from "../../core/plugin/sink.js";
import type { App } from "../client/app.js";
import { limits } from "../limits.js";
import { annotationsOf, Memberships } from "../listing/records.js";
import { inParts, settleWith } from "../requests.js";
import { type ListedAnnotation, plainAnnotation } from "../wire/annotations.js";
import { inputFromWire, type WireInput } from "../wire/decode-answers.js";
import type { InputState } from "./input-state.js";
import { KeptMedia } from "./kept-media.js";

/** An input as the app has it now. */
export interface CurrentInput {
  wire: WireInput;
  input: Input;
  annotations: readonly ListedAnnotation[];
  datasets: readonly string[];
}

/** Lists inputs with their annotations and datasets, by id. Ids that do not exist are left out. */
export async function currentInputs(
  app: App,
  ids: readonly string[],
  memberships: Memberships,
  signal: AbortSignal,
): Promise<Map<string, CurrentInput>> {
  const current = new Map<string, CurrentInput>();
  for (const part of inParts([...new Set(ids)], limits.maxIdsPerRequest)) {
    const wires = await app.listInputs({ ids: part, signal });
    const existing = wires.map(({ id }) => id);
    const annotations = existing.length > 0 ? await annotationsOf(app, existing, signal) : new Map();
    for (const wire of wires) {
      const { id } = wire;
      const input = inputFromWire(wire);
      current.set(id, { wire, input, annotations: annotations.get(id) ?? [], datasets: memberships.of(id) });
    }
  }
  return current;
}

/**
 * Makes the state reader of a sink that changes inputs. `deletes`: the sink deletes inputs, so their files are kept too, if the run asks for that. The
 * members of all datasets are listed once, before the first change.
 */
export function inputStates({ deletes = false }: { deletes?: boolean } = {}) {
  return ({ options: { app }, signal, run, mediaFolder }: StateContext<{ app: App }>): StateReader => {
    run.watch(app.transport);
    const media = deletes && mediaFolder !== undefined ? new KeptMedia(app, mediaFolder, signal) : undefined;
    if (media) run.watch({ counts: media.traffic });
    let memberships: Promise<Memberships> | undefined;
    return async (batch: Batch) => {
      const { messages } = batch;
      const states: (Json | undefined)[] = messages.map(() => undefined);
      await settleWith(messages, batch.sink, async () => {
        memberships ??= Memberships.read(app, signal).catch((error: unknown) => {
          memberships = undefined; // the next batch tries again
          throw error;
        });
        const ids = messages.map(({ value }) => value.id);
        const current = await currentInputs(app, ids, await memberships, signal);
        await Promise.all(
          ids.map(async (id, index) => {
            const found = current.get(id);
            if (!found) return;
            try {
              states[index] = (await stateOf(found, media)) as unknown as Json;
            } catch (error) {
              signal.throwIfAborted();
              batch.fail(index, notKept(error));
            }
          }),
        );
      });
      return states;
    };
  };
}

/** Says why the input was not changed: its error is otherwise that of a download, which nobody asked for. */
function notKept(error: unknown): Error {
  if (!(error instanceof InputError)) return error as Error;
  const { code, message, retryable } = error;
  const text = `it was left as it is, since its file cannot be kept for undo: ${message}`;
  return new InputError(code, text, { retryable, cause: error });
}

async function stateOf(
  { input, annotations, datasets }: CurrentInput,
  media: KeptMedia | undefined,
): Promise<InputState> {
  const { id, createdAt, text, textUrl, concepts, metadata, geo } = input;
  const found = mediaOf(input);
  const url = found && "url" in found.content ? found.content : undefined;
  const file =
    media && url
      ? await media.keep(id, found?.kind ?? "image", url)
      : media && textUrl !== undefined
        ? await media.keep(id, "text", { url: textUrl })
        : undefined;
  return {
    ...{ id, createdAt, kind: found?.kind, text, file },
    ...{ concepts, metadata, geo, annotations: annotations.map(plainAnnotation), datasets },
  };
}
