/** The state file of a dataset folder: what was written, by which a later run continues. */

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { isAbsolute, win32 } from "node:path";
import { describeError, SinkError } from "../../core/errors.js";
import { readLines } from "../../core/files/lines.js";
import type { DatasetRecord } from "./format.js";
import { OffsetIndex } from "./offset-index.js";

/** Name of the state file in its folder. */
export const stateName = ".sluice-dataset.jsonl";

/** Longest line that is read. */
const maxLineBytes = 500_000_000;
const firstReadBytes = 16_384;

/** The lines of a state file. */
type StateLine =
  | { sluice: "dataset"; version: 1; identity: string }
  /** New classes, in the order of their indexes. */
  | { classes: string[] }
  /** Files that are about to be written. */
  | { claim: { id: string; files: string[] }[] }
  /** The claims of these ids wrote nothing. */
  | { unclaim: string[] }
  /** The record of an id was removed with its files. */
  | { dropped: string }
  | DatasetRecord;

/** Files that a killed run may have left half written. */
export interface OpenClaim {
  id: string;
  files: string[];
}

/** What the records of a dataset have in common. */
export interface StateFacts {
  /** Splits in the order of their first records. */
  splits: Set<string | undefined>;
  /** Whether a record has losses. */
  hasLosses: boolean;
}

/** A state file that one process writes. */
export class StateFile {
  readonly path: string;
  /** Classes of earlier runs. */
  readonly classes: string[] = [];
  /** Claims of a killed run. */
  readonly openClaims = new Map<string, OpenClaim>();
  readonly #plugin: string;
  readonly #index = new OffsetIndex();
  #file: number | undefined;
  #sizeBytes = 0;
  #facts: StateFacts = { splits: new Set(), hasLosses: false };
  /** Whether the file has lines that do not count any more. */
  #hasOld = false;

  constructor(path: string, plugin: string) {
    this.path = path;
    this.#plugin = plugin;
  }

  /**
   * Reads the file if it exists; `onRecord` gets each record. A partial last line, which a killed run may leave, does not count.
   *
   * @throws {SinkError} ERR_FILE_EXISTS if the folder has a dataset of another identity; ERR_STATE_DAMAGED
   */
  async load(identity: string, onRecord: (record: DatasetRecord) => void): Promise<void> {
    const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
    let at = 0;
    let isFirst = true;
    if (size === 0) return;
    for await (const { number, bytes } of readLines(this.path, maxLineBytes, size)) {
      if (bytes && at + bytes.length + 1 > size) break; // a line without its line break is partial
      const line = bytes && parsed(bytes);
      if (!bytes || !line || !pathsIn(line).every(isInside)) throw this.#damage(number);
      if (isFirst) this.#checkHeader(line, identity);
      else this.#take(line, at, onRecord);
      isFirst = false;
      at += bytes.length + 1;
    }
    this.#sizeBytes = at;
  }

  /** Opens the file for writing, and cuts a partial last line. */
  open(identity: string): void {
    this.#file = openSync(this.path, "a+");
    if (fstatSync(this.#file).size > this.#sizeBytes) ftruncateSync(this.#file, this.#sizeBytes);
    if (this.#sizeBytes === 0) this.append([{ sluice: "dataset", version: 1, identity }]);
  }

  /** Returns the record of an id. */
  find(id: string): DatasetRecord | undefined {
    return this.#locate(id)?.record;
  }

  /** Appends lines in one write. */
  append(lines: readonly StateLine[]): void {
    if (lines.length === 0 || this.#file === undefined) return;
    const places: [string, number | undefined][] = [];
    const buffers: Buffer[] = [];
    let at = this.#sizeBytes;
    for (const line of lines) {
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      if ("digest" in line) {
        places.push([line.id, at]);
        addFacts(this.#facts, line);
      }
      if ("dropped" in line) places.push([line.dropped, undefined]);
      buffers.push(bytes);
      at += bytes.length;
    }
    const bytes = Buffer.concat(buffers);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
    for (const [id, offset] of places) this.#setOffset(id, offset);
    this.#sizeBytes = at;
  }

  /** Reads the records that count, in the order of the file. */
  async *records(): AsyncGenerator<DatasetRecord> {
    let at = 0;
    for await (const { bytes } of readLines(this.path, maxLineBytes, this.#sizeBytes)) {
      const line = bytes && parsed(bytes);
      if (line && "digest" in line && this.#isCurrent(line.id, at)) yield line;
      at += (bytes?.length ?? 0) + 1;
    }
  }

  /** Returns the facts of the records that count. Reads the file only if it has others. */
  async facts(): Promise<StateFacts> {
    if (!this.#hasOld) return this.#facts;
    const facts: StateFacts = { splits: new Set(), hasLosses: false };
    for await (const record of this.records()) addFacts(facts, record);
    return facts;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #checkHeader(line: StateLine, identity: string): void {
    if (!("sluice" in line)) throw this.#damage(1);
    if (line.identity === identity && line.version === 1) return;
    const text = `${this.#plugin}: ${this.path} belongs to a dataset of the form "${line.identity}", and this one is "${identity}"`;
    throw new SinkError("ERR_FILE_EXISTS", `${text}; choose another folder`);
  }

  #take(line: StateLine, at: number, onRecord: (record: DatasetRecord) => void): void {
    if ("classes" in line) this.classes.push(...line.classes);
    else if ("claim" in line) for (const claim of line.claim) this.openClaims.set(claim.id, claim);
    else if ("unclaim" in line) for (const id of line.unclaim) this.openClaims.delete(id);
    else if ("dropped" in line) {
      this.openClaims.delete(line.dropped);
      this.#setOffset(line.dropped, undefined);
    } else if ("digest" in line) {
      this.openClaims.delete(line.id);
      this.#setOffset(line.id, at);
      addFacts(this.#facts, line);
      onRecord(line);
    }
  }

  /** Sets the offset of an id. -1 marks an id that was dropped. */
  #setOffset(id: string, offset: number | undefined): void {
    let replaced: number | undefined;
    if (offset === undefined) this.#hasOld = true;
    for (const known of this.#index.find(id)) {
      if (known < 0 || this.#read(known)?.id === id) replaced = known;
    }
    if (replaced !== undefined) this.#hasOld = true;
    if (offset !== undefined || replaced !== undefined) this.#index.set(id, offset ?? -1, replaced);
  }

  #isCurrent(id: string, offset: number): boolean {
    if (!this.#hasOld) return true;
    for (const known of this.#index.find(id)) if (known === offset) return true;
    return false;
  }

  #locate(id: string): { record: DatasetRecord; offset: number } | undefined {
    for (const offset of this.#index.find(id)) {
      const record = offset < 0 ? undefined : this.#read(offset);
      if (record?.id === id) return { record, offset };
    }
    return undefined;
  }

  /** Reads the line at an offset. */
  #read(offset: number): DatasetRecord | undefined {
    const file = this.#file ?? openSync(this.path, "r");
    try {
      for (let length = firstReadBytes; ; length *= 8) {
        const buffer = Buffer.allocUnsafe(length);
        const count = readSync(file, buffer, 0, length, offset);
        const end = buffer.subarray(0, count).indexOf(10);
        if (end >= 0) return parsed(buffer.subarray(0, end)) as DatasetRecord | undefined;
        if (count < length) return parsed(buffer.subarray(0, count)) as DatasetRecord | undefined;
      }
    } finally {
      if (this.#file === undefined) closeSync(file);
    }
  }

  #damage(number: number): SinkError {
    const text = `${this.#plugin}: line ${number} of ${this.path} is damaged, so it does not say what the folder has`;
    return new SinkError("ERR_STATE_DAMAGED", `${text}; write into a new folder`);
  }
}

function addFacts(facts: StateFacts, { split, lost }: DatasetRecord): void {
  facts.splits.add(split);
  if (lost !== undefined) facts.hasLosses = true;
}

/** Returns the paths that a line names. They are removed when they are replaced, so a line from elsewhere must not name others. */
function pathsIn(line: StateLine): string[] {
  if ("claim" in line) return line.claim.flatMap(({ files }) => files);
  return "digest" in line ? [line.mediaPath, ...line.files.map(([path]) => path)] : [];
}

function isInside(path: string): boolean {
  return !isAbsolute(path) && !win32.isAbsolute(path) && !path.split(/[\\/]/).includes("..");
}

function parsed(bytes: Buffer): StateLine | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === "object" && value !== null ? (value as StateLine) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw new Error(describeError(error), { cause: error });
  }
}
