/** Exports of dataset versions: makes their archives in the background, and keeps them in the data folder. */

import { createHash, randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { describeError } from "../../core/errors.js";
import { type Store, timestamp } from "../store/store.js";
import type { OutgoingContext } from "../wire/outgoing.js";
import { writeCoco } from "./coco.js";
import { writeBatches } from "./input-batches.js";
import { snapshotOf } from "./snapshot.js";
import { ZipFile } from "./zip-file.js";

/** The formats of the definition, by their numbers. */
export const exportFormats = { CLARIFAI_DATA_PROTOBUF: 1, COCO: 2, CLARIFAI_DATA_JSON: 3 } as const;
export type ExportFormat = (typeof exportFormats)[keyof typeof exportFormats];

/** The state of an export. A complete one has the SHA-256 and the size of its archive. */
export interface ExportRow {
  app: number;
  version: number;
  format: ExportFormat;
  /** Address of the server in the archive, where its inputs have their media. */
  base: string;
  /** The part of the archive's address that nobody can guess: who has the address needs no key. */
  token: string;
  status: number;
  details: string | null;
  sha256: string | null;
  size_bytes: number;
}

const partSuffix = ".part";

export class DatasetExports {
  readonly #store: Store;
  readonly #folder: string;
  readonly #running = new Map<string, Promise<void>>();
  #closed = false;

  constructor(store: Store, folder: string) {
    this.#store = store;
    this.#folder = join(folder, "exports");
    mkdirSync(this.#folder, { recursive: true });
    for (const name of readdirSync(this.#folder)) {
      if (name.endsWith(partSuffix) || !this.find(name)) rmSync(join(this.#folder, name), { force: true }); // A killed process left it.
    }
  }

  /** Returns the export of a version. One that is complete, or is being made, stays; otherwise it is made in the background. */
  request(version: number, format: ExportFormat, context: OutgoingContext): ExportRow {
    const { app, base } = context;
    const found = this.of(version).find((row) => row.format === format);
    const isRunning = found !== undefined && this.#running.has(found.token);
    const isDone = found?.status === statusCodes.DATASET_VERSION_EXPORT_SUCCESS && found.base === base;
    if (found && (isRunning || isDone)) return found;
    if (found) this.#delete([found]);
    const token = randomBytes(24).toString("hex");
    const sql = `INSERT INTO dataset_exports (app, version, format, base, token, status, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`;
    const status = statusCodes.DATASET_VERSION_EXPORT_IN_PROGRESS;
    this.#store.run(sql, app.seq, version, format, base, token, status, timestamp());
    const making = this.#make(version, format, token, context).finally(() => this.#running.delete(token));
    this.#running.set(token, making);
    return this.find(token) as ExportRow; // the row was just written
  }

  /** Returns all exports of a version. */
  of(version: number): ExportRow[] {
    return this.#store.all<ExportRow>("SELECT * FROM dataset_exports WHERE version = ? ORDER BY format", version);
  }

  /** Finds an export by its token. */
  find(token: string): ExportRow | undefined {
    return this.#store.get<ExportRow>("SELECT * FROM dataset_exports WHERE token = ?", token);
  }

  pathOf({ token }: Pick<ExportRow, "token">): string {
    return join(this.#folder, token);
  }

  /** Deletes the exports of versions. */
  remove(versions: readonly number[]): void {
    for (const version of versions) this.#delete(this.of(version));
  }

  /** Waits for the archives that are being made. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#running.values());
  }

  #delete(rows: readonly ExportRow[]): void {
    for (const row of rows) {
      this.#store.run("DELETE FROM dataset_exports WHERE token = ?", row.token);
      rmSync(this.pathOf(row), { force: true });
    }
  }

  async #make(version: number, format: ExportFormat, token: string, context: OutgoingContext): Promise<void> {
    const path = this.pathOf({ token });
    try {
      const sizeBytes = await this.#write(`${path}${partSuffix}`, version, format, context);
      const sha256 = await hashOf(`${path}${partSuffix}`);
      if (!this.find(token)) return rmSync(`${path}${partSuffix}`, { force: true }); // the version was deleted meanwhile
      renameSync(`${path}${partSuffix}`, path);
      const sql = "UPDATE dataset_exports SET status = ?, sha256 = ?, size_bytes = ? WHERE token = ?";
      this.#store.run(sql, statusCodes.DATASET_VERSION_EXPORT_SUCCESS, sha256, sizeBytes, token);
    } catch (error) {
      rmSync(`${path}${partSuffix}`, { force: true });
      const sql = "UPDATE dataset_exports SET status = ?, details = ? WHERE token = ?";
      this.#store.run(sql, statusCodes.DATASET_VERSION_EXPORT_FAILED, describeError(error), token);
    }
  }

  async #write(path: string, version: number, format: ExportFormat, context: OutgoingContext): Promise<number> {
    await new Promise<void>((resolve) => setImmediate(resolve)); // the request is answered first
    const zip = new ZipFile(path);
    try {
      const inputs = () => this.#inputsOf(version);
      if (format === exportFormats.COCO) await writeCoco(zip, inputs, context);
      else
        await writeBatches(zip, format === exportFormats.CLARIFAI_DATA_JSON ? "json" : "protobuf", inputs(), context);
    } catch (error) {
      zip.close();
      throw error;
    }
    return zip.finish();
  }

  *#inputsOf(version: number) {
    for (const input of snapshotOf(this.#store, version)) {
      if (this.#closed) throw new Error("the emulator was closed while it made the archive");
      yield input;
    }
  }
}

async function hashOf(path: string): Promise<string> {
  const digest = createHash("sha256");
  await pipeline(createReadStream(path), digest);
  return digest.digest("hex");
}
