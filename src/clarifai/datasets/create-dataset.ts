/** Creates a dataset that other processes may create at the same time. */

import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";

/** Creates a dataset. If another process has created it since, or the answer was lost, it exists after the failure, as requested. @throws {ApiError} */
export async function createDataset(app: App, id: string, signal: AbortSignal): Promise<void> {
  try {
    await app.postDatasets([{ id }], signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ApiError) || !(await app.getDataset(id, signal))) throw error;
  }
}
