/** Reads everything that an app has, for comparison: records, annotations, datasets, names of concepts, and hashes of files. */

import type { App } from "../../src/index.js";
import { stateOf } from "./app-state.js";
import { wireStateOf } from "./wire-state.js";

/** Returns the app as JSON data: as the library lists it, and as the server sends it. Times of creation and addresses of files are left out. */
export async function snapshotOf(app: App): Promise<Record<string, unknown>> {
  const concepts = (await app.listConcepts({ perPage: 1000 })).map(({ id, name }) => [id, name]);
  // The content hash in the metadata is not a part of the record: a patch that overwrites metadata removes it, and uploads work without it.
  const { concepts: _, ...wire } = await wireStateOf(app.baseUrl, app.appId, ["sluice_fingerprint"]);
  return { inputs: await stateOf(app), concepts: Object.fromEntries(concepts), wire };
}
