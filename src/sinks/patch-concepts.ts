/** Sink: renames concepts in the whole app, and sets the values of concepts on inputs. */

import { idsPolicy } from "../clarifai/batch-policy.js";
import type { ApiError } from "../clarifai/client/api-error.js";
import type { App } from "../clarifai/client/app.js";
import { appOfRun } from "../clarifai/client/app-of-run.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { limits } from "../clarifai/limits.js";
import { patchValues, type ValuesItem } from "../clarifai/patch/patch-values.js";
import { inParts, settleInHalves } from "../clarifai/requests.js";
import { conceptStates } from "../clarifai/undo/concept-names.js";
import { inputStates } from "../clarifai/undo/read-states.js";
import { conceptsFromWire } from "../clarifai/wire/decode-answers.js";
import { mayBeOneItem } from "../clarifai/wire/status.js";
import type { Message } from "../core/accounting/message.js";
import { InputError } from "../core/errors.js";
import type { Concept } from "../core/input/input.js";
import { defineSink } from "../core/plugin/define-sink.js";
import type { StateContext, StateReader } from "../core/plugin/sink.js";

const stage = "patchConcepts";

/**
 * Patches the concepts of the inputs that reach it. A `name` renames the concept in the whole app; its id stays, and the API has no other action for the
 * concepts of an app. A `value` from 0 (absent) to 1 (present) is set on the stored input of the same id, which gets the concept if it does not have it. A
 * concept with neither gets its id as its name.
 *
 * If one id has several names, the last one stays. A name that was sent last is not sent again. For an input that was listed from the same app, only changed
 * names and values are sent; if none is changed, the input is skipped. The answer is compared with the requested values, so an input with another value
 * afterwards fails (ERR_PATCH_RESULT).
 *
 * If the server refuses a concept, for example because it does not exist (11101), or an input, only the inputs concerned fail. An input without concepts
 * fails (ERR_NO_CONCEPTS).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) the API's code when the key may not write
 * @example
 * const renamed = fromIterable([{ concepts: [{ id: "id-face", name: "face" }] }, { id: "photo-1", concepts: [{ id: "boat", value: 0 }] }]);
 * await flow(renamed).pipe(patchConcepts(app)).run();
 */
export const patchConcepts = defineSink({
  name: stage,
  parse(app: App) {
    checkApp(stage, app);
    return { app };
  },
  target: ({ app }) => app.target("patch concepts in"),
  batch: idsPolicy,
  supportsDryRun: true,
  stateReader: () => statesOf,
  open: (context) => ({ app: appOfRun(context), names: new Map<string, string | undefined>() }),
  async write({ messages }, { state: { app, names }, signal, dryRun }) {
    const changes = messages.flatMap((message) => changesOf(message, app.address) ?? []);
    const renames = new Map(changes.flatMap(({ named }) => named.map((concept) => [concept.id, concept])));
    const changed = [...renames.values()].filter(({ id, name }) => !names.has(id) || names.get(id) !== name);
    const send = async (concepts: readonly Concept[]) => {
      for (const { id } of concepts) names.delete(id);
      await app.patchConcepts(concepts, signal);
      for (const { id, name } of concepts) names.set(id, name);
    };
    for (const part of inParts(changed, limits.maxInputsPerRequest)) {
      await settleInHalves(part, (concepts) => withAnyConcept(changes, concepts), stage, send, concernsOneConcept);
    }
    await patchValues(changes, { app, signal, stage, dryRun });
  },
});

/** The concepts of a message that are to be renamed, and those whose value is to be set. */
interface Changes extends ValuesItem {
  named: readonly Concept[];
}

/** Returns what is to be changed for a message. Settles a message that has no concepts, or nothing to change. */
function changesOf(message: Message, address: string): Changes | undefined {
  if (message.settled) return undefined;
  if (message.value.concepts.length === 0) {
    message.fail(new InputError("ERR_NO_CONCEPTS", "the input has no concepts to rename, and no values to set"), stage);
    return undefined;
  }
  const changes = changesIn(message, address);
  if (changes.named.length + changes.valued.length > 0) return changes;
  message.doneBefore("nothing to change");
  return undefined;
}

function changesIn(message: Message, address: string): Changes {
  const { concepts } = message.value;
  const listed = message.listed?.app === address ? message.listed : undefined;
  if (!listed) {
    const named = concepts.filter(({ name, value }) => name !== undefined || value === undefined);
    return { message, named, valued: concepts.filter(({ value }) => value !== undefined) };
  }
  const before = new Map(conceptsFromWire(listed.data.concepts).map((concept) => [concept.id, concept]));
  const named = concepts.filter(({ id, name, value }) =>
    name === undefined ? value === undefined : name !== before.get(id)?.name,
  );
  const valued = concepts.filter(({ id, value }) => value !== undefined && value !== before.get(id)?.value);
  return { message, named, valued };
}

/** Makes the state reader: an undo restores the names of concepts, or the record of an input whose values change. */
function statesOf(context: StateContext<{ app: App }>): StateReader {
  const [readNames, readInputs] = [conceptStates(context), inputStates()(context)];
  const { address } = context.options.app;
  return async (batch) => {
    const changes = batch.messages.map((message) => changesIn(message, address));
    for (const [index, { named, valued }] of changes.entries()) {
      if (named.length === 0 || valued.length === 0) continue;
      const text = "patchConcepts can undo new names or new values of an input, not both; put them into two inputs";
      batch.fail(index, new InputError("ERR_PATCH_UNSUPPORTED", text));
    }
    const names = changes.some(({ named }) => named.length > 0) ? await readNames(batch) : [];
    const inputs = changes.some(({ valued }) => valued.length > 0) ? await readInputs(batch) : [];
    return changes.map(({ valued }, index) => (valued.length > 0 ? inputs[index] : names[index]));
  };
}

/** Returns the messages that have one of these concepts. */
function withAnyConcept(changes: readonly Changes[], concepts: readonly Concept[]): Message[] {
  const ids = new Set(concepts.map(({ id }) => id));
  return changes.filter(({ named }) => named.some(({ id }) => ids.has(id))).map(({ message }) => message);
}

/** Whether one concept may have caused the refusal of a request, for example because it does not exist. */
function concernsOneConcept({ code, status }: ApiError): boolean {
  return code === "11101" || code === "40003" || (status !== undefined && mayBeOneItem(status));
}
