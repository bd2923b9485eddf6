/** The parts of the emulator that its routes use. */

import { isLoopbackHost } from "../core/net/addresses.js";
import { DatasetExports } from "./export/dataset-exports.js";
import { Extractions } from "./ingest/extractions.js";
import { UploadFiles } from "./ingest/upload-files.js";
import { Processing } from "./media/processing.js";
import type { EmulatorOptions } from "./options.js";
import { BulkWork } from "./routes/bulk/bulk-work.js";
import { backgroundCall, type Services } from "./routes/context.js";
import { Faults } from "./server/faults.js";
import type { DataFolder } from "./store/data-folder.js";
import { Deletions } from "./store/deletions.js";

/** Makes the parts. `stopWork` ends what they do in the background. */
export function makeServices(
  options: EmulatorOptions,
  { store, files }: DataFolder,
  { host, folder }: { host: string; folder: string },
) {
  const { processingDelayMs: delayMs = 5, deleteDelayMs = 5, allowFetch = true, urls } = options;
  const faults = new Faults(options.faults ?? [], options.seed ?? 1);
  const privateFetch = options.allowPrivateFetch ?? (isLoopbackHost(host) ? "loopback" : false);
  const processing = new Processing(store, files, {
    delayMs,
    allowFetch,
    urls,
    privateFetch,
    fault: (row) => faults.ofProcessing(row.id, row.times_stored),
  });
  const deletions = new Deletions(store, files, deleteDelayMs);
  const uploads = new UploadFiles(folder);
  const bulkWork = new BulkWork({ store, delayMs, callOf: (app) => backgroundCall(services, app) });
  const extractions = new Extractions({
    ...{ store, files, uploads, delayMs, allowFetch, privateFetch },
    callOf: (app, media) => backgroundCall(services, app, media),
    process: (rows) => processing.add(rows, new Map()),
  });
  const services: Services = {
    store,
    extractions,
    bulkWork,
    uploads,
    uploadExpiryMs: options.uploadExpiryMs ?? 86_400_000,
    files,
    processing,
    exports: new DatasetExports(store, folder),
    processingDelayMs: delayMs,
    faults,
    autoCreate: options.autoCreate ?? true,
    overwriteReading: options.overwriteReading ?? "new",
    lenient: options.lenient ?? false,
    strict: options.strict ?? false,
    removeLater: (app, ids) => deletions.add(app, ids),
    removeNow: (row) => deletions.now(row),
  };
  const stopWork = async () => {
    bulkWork.close();
    await extractions.close();
    await processing.close();
    await services.exports.close();
  };
  return { services, deletions, stopWork };
}
