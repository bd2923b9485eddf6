/** Exports of the gallery: writes the inputs that match the filters or are selected as a dataset, and sends it as one zip. */

import { createReadStream, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { describeError } from "../../../core/errors.js";
import { flow } from "../../../core/flow/flow.js";
import { lossesName } from "../../../formats/dataset-folder/dataset-folder.js";
import { safeName } from "../../../formats/dataset-folder/names.js";
import { type FoundInputs, foundInputs } from "./found-inputs.js";
import { LeftList } from "./left-list.js";
import { type ExportFormat, exportFormats } from "./names.js";
import { writeExport } from "./write-export.js";
import { zipFolder } from "./zip-folder.js";

/** Exports that are made or sent at the same time. */
const maxRunning = 2;
/** Inputs of an export that are in memory at the same time. */
const maxInFlight = 128;
/** The file that lists the inputs that the export does not have. */
const leftName = "not-exported.txt";

/** An export that is answered with a text. */
export class ExportRefusal extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** Returns a format by its id. */
export function exportFormatOf(id: string | null): ExportFormat | undefined {
  return exportFormats.find((format) => format.id === id);
}

export class GalleryExports {
  readonly #folder: string;
  readonly #running = new Map<AbortController, Promise<void>>();

  /** @param dataFolder the folder of the store, on whose disk files can be linked */
  constructor(dataFolder: string) {
    this.#folder = join(dataFolder, "gallery-exports");
    rmSync(this.#folder, { recursive: true, force: true }); // A killed process left it.
  }

  /**
   * Makes an export and sends it. The temporary folder is removed at the end, on an error, and when the browser leaves.
   *
   * @throws {ExportRefusal} before anything is sent
   */
  async send(
    response: ServerResponse,
    found: Omit<FoundInputs, "imagesOnly">,
    format: ExportFormat,
    headers: Record<string, string>,
  ): Promise<void> {
    if (this.#running.size >= maxRunning) {
      throw new ExportRefusal(429, `${maxRunning} exports are running; wait until one of them ends`);
    }
    const abort = new AbortController();
    const stop = () => abort.abort();
    response.on("close", stop);
    const work = this.#send(response, found, format, { headers, signal: abort.signal });
    this.#running.set(
      abort,
      work.catch(() => undefined),
    );
    try {
      await work;
    } finally {
      response.off("close", stop);
      this.#running.delete(abort);
    }
  }

  /** Stops the exports that are running. */
  async close(): Promise<void> {
    for (const abort of this.#running.keys()) abort.abort();
    await Promise.all(this.#running.values());
  }

  async #send(
    response: ServerResponse,
    found: Omit<FoundInputs, "imagesOnly">,
    format: ExportFormat,
    { headers, signal }: { headers: Record<string, string>; signal: AbortSignal },
  ): Promise<void> {
    let temporary: string | undefined;
    try {
      mkdirSync(this.#folder, { recursive: true });
      temporary = mkdtempSync(join(this.#folder, "export-"));
      const name = safeName(`${found.app.id}-${format.id}`);
      const folder = join(temporary, name);
      const archive = join(temporary, "archive.zip");
      const { exported, left } = await fill(folder, found, format, signal);
      const sizeBytes = await zipFolder(folder, { path: archive, name, signal });
      response.writeHead(200, {
        "content-type": "application/zip",
        "content-length": sizeBytes,
        "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(name)}.zip`,
        "x-sluice-exported": exported,
        "x-sluice-not-exported": left,
        "x-sluice-losses": existsSync(join(folder, lossesName)) ? lossesName : "",
        ...headers,
      });
      await pipeline(createReadStream(archive), response, { signal });
    } catch (error) {
      if (response.headersSent) response.destroy();
      else if (signal.aborted) throw new ExportRefusal(503, "the export was stopped");
      else throw refusalOf(error);
    } finally {
      if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    }
  }
}

/** Writes the dataset, and the list of the inputs that it does not have. @throws {ExportRefusal} if it has no input */
async function fill(
  folder: string,
  found: Omit<FoundInputs, "imagesOnly">,
  format: ExportFormat,
  signal: AbortSignal,
): Promise<{ exported: number; left: number }> {
  const list = new LeftList(`${folder}.txt`);
  const imagesOnly = format.id === "jsonl" ? undefined : format.label;
  try {
    const report = await flow(foundInputs({ ...found, imagesOnly }))
      .pipe(writeExport(format.id, folder))
      .run({ signal, maxInFlight, handleSignals: false, stallMs: 0, onOutcome: (settlement) => list.add(settlement) });
    signal.throwIfAborted();
    const { read, ok } = report.counts;
    if (read === 0) throw new ExportRefusal(422, "There is nothing to export: no input matches the filters.");
    if (ok === 0) {
      const which = read === 1 ? "The input that matches" : `None of the ${read} inputs that match`;
      const verb = read === 1 ? "cannot be exported" : "can be exported";
      throw new ExportRefusal(422, `${which} ${verb} as ${format.label}: ${list.first}`);
    }
    list.saveAs(join(folder, leftName));
    return { exported: ok, left: list.count };
  } finally {
    list.close();
  }
}

function refusalOf(error: unknown): ExportRefusal {
  if (error instanceof ExportRefusal) return error;
  if (error instanceof RangeError)
    return new ExportRefusal(413, `${error.message}; use filters to export fewer inputs`);
  return new ExportRefusal(500, `The export failed: ${describeError(error)}`);
}
