/** The datasets that an app has. */

import type { App } from "../../clarifai/client/app.js";
import type { Dataset } from "../../clarifai/client/app-types.js";
import { limits } from "../../clarifai/limits.js";
import { OptionsError } from "../../core/errors.js";

/** Yields the datasets of an app. */
export async function* datasetsOf(app: App): AsyncGenerator<Dataset> {
  const perPage = limits.maxPerPage;
  for (let page = 1; ; page += 1) {
    const datasets = await app.listDatasets({ page, perPage });
    yield* datasets;
    if (datasets.length < perPage) return;
  }
}

/** Sorts ids of datasets into those that exist and those that do not. */
export async function sortedOut(app: App, ids: readonly string[]): Promise<{ absent: string[]; present: string[] }> {
  const known = new Set<string>();
  for await (const { id } of datasetsOf(app)) known.add(id);
  const unique = [...new Set(ids)];
  return { absent: unique.filter((id) => !known.has(id)), present: unique.filter((id) => known.has(id)) };
}

/** Refuses a dataset that does not exist. @throws {OptionsError} ERR_OPTIONS, before an input is listed */
export async function requireDataset(app: App, dataset: string): Promise<void> {
  const { absent } = await sortedOut(app, [dataset]);
  if (absent.length === 0) return;
  const text = `there is no dataset ${JSON.stringify(dataset)} in ${app.address}; sluice datasets create makes it`;
  throw new OptionsError("ERR_OPTIONS", text);
}
