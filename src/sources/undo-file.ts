/** Source: the states in an undo file. */

import type { App } from "../clarifai/client/app.js";
import { type ConceptNames, type InputState, isInputState } from "../clarifai/undo/input-state.js";
import { InputError, SourceError } from "../core/errors.js";
import type { InputDraft } from "../core/input/input.js";
import { mediaFolderOf, readUndoLines } from "../core/journal/undo-log.js";
import { defineSource } from "../core/plugin/define-source.js";
import type { SourceItem } from "../core/plugin/source.js";
import { DigestSet, digestOfKey } from "../core/util/digest-set.js";
import { checkedFile } from "../formats/manifest/lines.js";

/**
 * Reads the states that runs with `undo: path` recorded in an app, oldest first: for each input the state before its first change. Leaves out states that
 * were restored before. A damaged line fails, since its state is lost.
 *
 * @throws {SourceError} (the run rejects) ERR_UNDO_FORMAT, ERR_UNDO_TARGET, ERR_FILE_UNREADABLE
 */
export const undoFile = defineSource({
  name: "undoFile",
  parse: (app: App, path: string) => ({ app, path }),
  from: ({ path }) => path,
  async *read({ app, path }, { signal }) {
    const target = (await app.target("").identity?.()) ?? app.address;
    const begin = await restoredUpTo(path);
    const seen = new DigestSet();
    let isEmpty = true;
    for await (const record of readUndoLines(path)) {
      if (signal.aborted) return;
      if ("restored" in record) continue;
      const origin = `${path}:${record.line}`;
      if ("damaged" in record) {
        if (record.line <= begin) continue;
        isEmpty = false;
        const text = `line ${record.line} is damaged, so the state in it is lost; the other lines are restored`;
        yield { origin, error: new InputError("ERR_UNDO_LINE", text) };
        continue;
      }
      if (record.target !== target) {
        const text = `undo: ${path} records changes in ${record.target}, and this is ${target}`;
        throw new SourceError("ERR_UNDO_TARGET", `${text}; pass the app that the run changed`);
      }
      if (record.line <= begin) continue;
      isEmpty = false;
      yield* itemsOf(record.state as unknown as InputState | ConceptNames, origin, path, seen);
    }
    if (isEmpty) yield { origin: path, skipped: begin > 0 ? "everything in it is restored" : "it has no states" };
  },
});

/** Returns the last line whose states were restored; 0 if none were. */
async function restoredUpTo(path: string): Promise<number> {
  let last = 0;
  for await (const record of readUndoLines(path)) if ("restored" in record) last = record.line;
  return last;
}

async function* itemsOf(
  state: InputState | ConceptNames,
  origin: string,
  path: string,
  seen: DigestSet,
): AsyncGenerator<SourceItem> {
  if (isInputState(state)) {
    if (!seen.add(digestOfKey(`input\n${state.id}`))) return;
    yield await inputItem(state, origin, path);
    return;
  }
  const concepts = state.concepts.filter(({ id }) => seen.add(digestOfKey(`concept\n${id}`)));
  if (concepts.length > 0) yield { origin, input: { concepts: concepts.map((concept) => ({ ...concept })) } };
}

/** Makes the item of an input. An empty time of creation stands for an unknown one, since an item without any stands for names of concepts. */
async function inputItem({ kind, file, ...record }: InputState, origin: string, path: string): Promise<SourceItem> {
  try {
    const content = file && (await checkedFile({ ...file }, mediaFolderOf(path)));
    return {
      origin,
      input: {
        ...record,
        createdAt: record.createdAt ?? "",
        ...(content && { [kind ?? "text"]: content }),
      } as InputDraft,
    };
  } catch (error) {
    if (error instanceof InputError) return { origin, error };
    throw error;
  }
}
