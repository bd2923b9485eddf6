/** A dataset that a sink fills: images, labels, the state by which a later run continues, and the files that complete it. */

import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { claimId } from "../../core/accounting/ids/claim-id.js";
import { IdsInRun } from "../../core/accounting/ids/ids-in-run.js";
import type { Message } from "../../core/accounting/message.js";
import { describeError, InputError, SinkError } from "../../core/errors.js";
import { LockedError, takeLock } from "../../core/files/file-lock.js";
import { makeFolder } from "../../core/files/make-folder.js";
import type { Batch } from "../../core/plugin/sink.js";
import { ClassList, namesOf } from "./class-list.js";
import { writeFinalFile } from "./final-file.js";
import type { DatasetFormat, DatasetRecord } from "./format.js";
import { partialPath, unwritable } from "./media.js";
import { NameTable } from "./names.js";
import type { CheckedDatasetOptions } from "./options.js";
import { StateFile, stateName } from "./state-file.js";
import { InputWriter, type Prepared } from "./write-input.js";

/** Name of the file that has the losses of each input. */
export const lossesName = "losses.jsonl";
/** Inputs whose files are written at the same time. */
const maxWriting = 8;

/** The run that fills a dataset. */
export interface DatasetRun {
  dryRun: boolean;
  /** If it is aborted, `close` does not complete the dataset. */
  signal: AbortSignal;
}

/** One run that fills a dataset. A writer's sink opens it in `open`, passes its batches, and closes it in `close`. */
export class DatasetFolder {
  readonly path: string;
  readonly #format: DatasetFormat;
  readonly #run: DatasetRun;
  readonly #state: StateFile;
  readonly #classes: ClassList;
  readonly #writer: InputWriter;
  readonly #release: () => Promise<void>;
  /** A second input with an id would replace the files of the first, and both would be ok. */
  readonly #ids = new IdsInRun();

  private constructor(
    parts: { path: string; format: DatasetFormat; options: CheckedDatasetOptions; run: DatasetRun },
    state: StateFile,
    names: NameTable,
    release: () => Promise<void>,
  ) {
    const { path, format, options, run } = parts;
    this.path = path;
    this.#format = format;
    this.#run = run;
    this.#state = state;
    this.#classes = new ClassList(state.classes);
    this.#writer = new InputWriter({ path, format, options, names, classes: this.#classes, signal: run.signal });
    this.#release = release;
  }

  /**
   * Opens the folder, and reads what earlier runs wrote. A dry run changes nothing on disk.
   *
   * @param onRecord gets each record of earlier runs, before the first `write`; a record may come again under the same id, and then replaces the first.
   * @throws {SinkError} ERR_FILE_EXISTS if Sluice did not write the folder, or wrote it in another form; ERR_FILE_LOCKED; ERR_FILE_UNWRITABLE;
   *   ERR_STATE_DAMAGED; ERR_CLASSES
   */
  static async open(
    path: string,
    format: DatasetFormat,
    options: CheckedDatasetOptions,
    run: DatasetRun,
    onRecord: (record: DatasetRecord) => void = () => undefined,
  ): Promise<DatasetFolder> {
    const { plugin, identity } = format;
    checkOwn(path, plugin);
    const release = run.dryRun ? async () => undefined : await lock(path, plugin);
    const names = new NameTable();
    const state = new StateFile(join(path, stateName), plugin);
    try {
      if (existsSync(state.path)) {
        await state.load(identity, (record) => {
          names.claimPath(record.mediaPath);
          onRecord(record);
        });
      }
      const folder = new DatasetFolder({ path, format, options, run }, state, names, release);
      if (!run.dryRun) {
        state.open(identity);
        if (folder.#removeHalfWritten()) await names.rebuild(state.records());
      }
      folder.#classes.declare(await namesOf(options.classes, run.signal), path, plugin);
      return folder;
    } catch (error) {
      state.close();
      await release();
      throw error instanceof SinkError ? error : unwritable(path, error, plugin);
    }
  }

  /** Writes a batch: reports what failed, what was written before, and what the format cannot express. */
  async write(batch: Batch): Promise<void> {
    const prepared: Prepared[] = [];
    const pictures = await Promise.all(batch.inputs.map((input) => this.#writer.examine(input)));
    for (const [index, input] of batch.inputs.entries()) {
      if (!claimId(this.#ids, batch.messages[index] as Message, this.#format.plugin)) continue;
      try {
        const picture = pictures[index];
        if (picture instanceof Error) throw picture;
        const recorded = this.#state.find(input.id);
        const one = await this.#writer.prepare({ index, input, picture, recorded, origin: batch.origins[index] ?? "" });
        if (recorded?.digest === one.record.digest && this.#hasFiles(recorded)) {
          batch.skip(index, "written before", { done: true });
        } else prepared.push(one);
      } catch (error) {
        fail(batch, index, error);
      }
    }
    if (!this.#run.dryRun) await this.#writeAll(batch, prepared);
    for (const { index, record } of prepared) {
      for (const { what } of record.lost ?? []) batch.note(index, `${this.#format.format}: ${what}`);
    }
  }

  /** Completes the dataset, unless the run was stopped, and closes it. @throws {SinkError} ERR_FILE_UNWRITABLE */
  async close(): Promise<void> {
    try {
      if (!this.#run.dryRun && !this.#run.signal.aborted) await this.#finish();
    } finally {
      this.#state.close();
      await this.#release();
    }
  }

  /** Claims the files, writes them, and records what was written. */
  async #writeAll(batch: Batch, prepared: readonly Prepared[]): Promise<void> {
    const classes = this.#classes.takeNew();
    const claim = prepared.map(({ record, files }) => ({ id: record.id, files: [record.mediaPath, ...files.keys()] }));
    this.#append([...(classes.length > 0 ? [{ classes }] : []), ...(claim.length > 0 ? [{ claim }] : [])]);
    // In the order of the inputs, which the final files keep.
    const written: DatasetRecord[] = [];
    const unclaim: string[] = [];
    let next = 0;
    let stopped: unknown;
    const work = async () => {
      while (next < prepared.length && stopped === undefined) {
        const at = next++;
        const one = prepared[at] as Prepared;
        try {
          const { record, isCopyOfLink } = await this.#writer.write(one);
          written[at] = record;
          if (isCopyOfLink) batch.note(one.index, "an image was copied, since it cannot be linked");
        } catch (error) {
          if (!(error instanceof InputError)) stopped ??= error;
          else {
            unclaim.push(one.record.id);
            batch.fail(one.index, error);
          }
        }
      }
    };
    await Promise.all(Array.from({ length: maxWriting }, work));
    this.#append([...written.filter((record) => record !== undefined), ...(unclaim.length > 0 ? [{ unclaim }] : [])]);
    if (stopped !== undefined) throw stopped;
  }

  #append(lines: Parameters<StateFile["append"]>[0]): void {
    try {
      this.#state.append(lines);
    } catch (error) {
      throw unwritable(this.#state.path, error, this.#format.plugin);
    }
  }

  /** Whether the files of a record have the sizes that were recorded. */
  #hasFiles({ files }: DatasetRecord): boolean {
    return files.every(([path, sizeBytes]) => {
      return statSync(join(this.path, path), { throwIfNoEntry: false })?.size === sizeBytes;
    });
  }

  /** Removes the files that a killed run had begun to write; returns whether there were any. An input whose earlier files it was replacing is written again. */
  #removeHalfWritten(): boolean {
    for (const { id, files } of this.#state.openClaims.values()) {
      const recorded = this.#state.find(id)?.files.map(([path]) => path) ?? [];
      for (const file of new Set([...files, ...recorded])) {
        for (const path of [file, partialPath(file)]) rmSync(join(this.path, path), { force: true });
      }
      this.#append([{ dropped: id }]);
    }
    return this.#state.openClaims.size > 0;
  }

  async #finish(): Promise<void> {
    const { plugin } = this.#format;
    const records = () => this.#state.records();
    const writeFile = (relative: string, pieces: Iterable<string> | AsyncIterable<string>) =>
      writeFinalFile(join(this.path, relative), pieces, plugin);
    const removeFile = (relative: string) => rm(join(this.path, relative), { force: true });
    const classes = this.#classes.takeNew();
    if (classes.length > 0) this.#append([{ classes }]);
    const { splits, hasLosses } = await this.#state.facts();
    const { names } = this.#classes;
    await this.#format.finish?.({ path: this.path, classes: names, splits, records, writeFile, removeFile });
    if (hasLosses) await writeFile(lossesName, lossLines(records()));
    else await removeFile(lossesName);
  }
}

async function* lossLines(records: AsyncIterable<DatasetRecord>): AsyncGenerator<string> {
  for await (const { id, origin, mediaPath, lost } of records) {
    if (lost) yield `${JSON.stringify({ id, origin, file: mediaPath, lost })}\n`;
  }
}

/** Refuses a folder with files that Sluice did not write. */
function checkOwn(path: string, plugin: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return;
  const isOther = !stats.isDirectory()
    ? "is not a folder"
    : readdirSync(path).some((name) => !name.startsWith(stateName)) && !existsSync(join(path, stateName))
      ? "has files that this sink did not write"
      : undefined;
  if (isOther !== undefined)
    throw new SinkError("ERR_FILE_EXISTS", `${plugin}: ${path} ${isOther}; choose a new or empty folder`);
}

async function lock(path: string, plugin: string): Promise<() => Promise<void>> {
  try {
    makeFolder(path);
    return await takeLock(join(resolve(path), stateName));
  } catch (error) {
    if (!(error instanceof LockedError)) throw unwritable(path, error, plugin);
    const text = `${plugin}: process ${error.owner.pid} writes into ${path}; wait until it ends, or choose another folder`;
    throw new SinkError("ERR_FILE_LOCKED", text);
  }
}

function fail(batch: Batch, index: number, error: unknown): void {
  if (error instanceof SinkError) throw error;
  if (error instanceof InputError) batch.fail(index, error);
  else batch.fail(index, new InputError("ERR_ITEM", describeError(error), { cause: error }));
}
