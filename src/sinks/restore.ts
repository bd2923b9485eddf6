/** Sink: brings inputs back to recorded states. */

import { idsPolicy } from "../clarifai/batch-policy.js";
import type { App } from "../clarifai/client/app.js";
import { appOfRun } from "../clarifai/client/app-of-run.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { Memberships } from "../clarifai/listing/records.js";
import { settleWith } from "../clarifai/requests.js";
import { restoreConcepts } from "../clarifai/undo/concept-names.js";
import { type CurrentInput, currentInputs } from "../clarifai/undo/read-states.js";
import { restoreRecords } from "../clarifai/undo/restore-records.js";
import { lookUp } from "../clarifai/upload/lookup.js";
import { Uploader } from "../clarifai/upload/uploader.js";
import { loadHasher } from "../clarifai/wire/content-hash.js";
import type { Message } from "../core/accounting/message.js";
import { InputError } from "../core/errors.js";
import { kindOf } from "../core/input/input.js";
import { defineSink } from "../core/plugin/define-sink.js";

const uploading = {
  conflict: "replace",
  wait: true,
  processingTimeoutMs: 1_800_000,
  maxProcessing: 20_000,
  retryForMs: 300_000,
} as const;

/**
 * Brings each input to the state that `undoFile` reads: fields, annotations and datasets of an input that exists are changed where they differ. An input that
 * was deleted, or replaced by another content, is uploaded again from its text or its kept file; it gets a new time of creation. Without them it fails
 * (ERR_UNDO_MEDIA). An input without a time of creation stands for names of concepts, which are renamed.
 *
 * It compares before it sends, so a restore that was interrupted continues when it runs again; an input that is as it was is skipped.
 */
export const restore = defineSink({
  name: "restore",
  parse(app: App) {
    checkApp("restore", app);
    return { app };
  },
  target: ({ app }) => app.target("restore in"),
  batch: idsPolicy,
  concurrency: 4,
  supportsDryRun: true,
  async open(context) {
    const { options, signal, run, dryRun } = context;
    const app = appOfRun(context);
    const uploader = await Uploader.open(app, { ...uploading, wait: !dryRun }, { signal, run, dryRun });
    return { reader: options.app, app, uploader, hasher: await loadHasher(), memberships: new SharedMemberships() };
  },
  async write({ messages }, { state, signal, dryRun }) {
    const { reader, app, uploader } = state;
    const isName = ({ value }: Message) => value.createdAt === undefined && kindOf(value) === undefined;
    await restoreConcepts(messages.filter(isName), { reader, writer: app, signal });
    const inputs = messages.filter((message) => !isName(message));
    let current = new Map<string, CurrentInput>();
    await settleWith(inputs, "restore", async () => {
      const ids = inputs.map(({ value }) => value.id);
      current = await currentInputs(reader, ids, await state.memberships.of(reader, signal), signal);
    });
    const open = inputs.filter(({ settled }) => !settled);
    const isSame = await Promise.all(open.map((message) => hasItsContent(message, current, state, signal)));
    const existing = open.filter((_, index) => isSame[index]);
    const gone = open.filter((message, index) => !isSame[index] && !failsWithoutContent(message, current));
    if (gone.length > 0) await uploader.write(gone, signal);
    const items = existing.map((message) => ({ message, current: current.get(message.value.id) as CurrentInput }));
    await restoreRecords(items, { app, signal, dryRun, done: new Map() });
  },
});

/** The memberships of an app, listed once. */
class SharedMemberships {
  #reading: Promise<Memberships> | undefined;

  of(app: App, signal: AbortSignal): Promise<Memberships> {
    this.#reading ??= Memberships.read(app, signal).catch((error: unknown) => {
      this.#reading = undefined; // the next batch tries again
      throw error;
    });
    return this.#reading;
  }
}

/** Whether the input exists with the content of its state. Content cannot be patched, so an input with the same time of creation has it. */
async function hasItsContent(
  message: Message,
  current: ReadonlyMap<string, CurrentInput>,
  { reader, hasher }: { reader: App; hasher: Awaited<ReturnType<typeof loadHasher>> },
  signal: AbortSignal,
): Promise<boolean> {
  const { value } = message;
  const now = current.get(value.id);
  if (!now) return false;
  if ((now.input.createdAt ?? "") === value.createdAt) return true;
  if (kindOf(value) === undefined) return false;
  const [found] = await lookUp(reader, [message], hasher, signal);
  return found?.state === "same";
}

/** Fails a message that would have to be uploaded, and has no content. */
function failsWithoutContent(message: Message, current: ReadonlyMap<string, CurrentInput>): boolean {
  const { value } = message;
  if (kindOf(value) !== undefined) return false;
  const what = current.has(value.id) ? "another input has its id now" : "it was deleted";
  const hint =
    "the run that deleted it did not keep files (undo: { path, media: true }; --undo-media on the command line)";
  message.fail(new InputError("ERR_UNDO_MEDIA", `${what}, and its file cannot be uploaded again: ${hint}`), "restore");
  return true;
}
