/** Reads everything that an app has, for comparison: records, annotations, datasets, names of concepts, and hashes of files. */

import { createHash } from "node:crypto";
import { type App, flow, listInputs } from "../../src/index.js";
import { wireStateOf } from "./wire-state.js";

/** Returns the app as JSON data: as the library lists it, and as the server sends it. Times of creation and addresses of files are left out. */
export async function snapshotOf(app: App): Promise<Record<string, unknown>> {
  const inputs: Record<string, unknown> = {};
  for await (const input of flow(listInputs(app, { annotations: true, datasets: true }))) {
    const { createdAt: _, modifiedAt: __, image, audio, video, ...record } = input;
    const media: Record<string, string> = {};
    for (const [kind, content] of Object.entries({ image, audio, video })) {
      if (content && "url" in content) media[kind] = await digestOf(app, content.hostedUrl ?? content.url);
    }
    const annotations = [...record.annotations].sort((one, other) => String(one.id).localeCompare(String(other.id)));
    inputs[input.id] = { ...record, annotations, datasets: [...record.datasets].sort(), media };
  }
  const concepts = (await app.listConcepts({ perPage: 1000 })).map(({ id, name }) => [id, name]);
  // The content hash in the metadata is not a part of the record: a patch that overwrites metadata removes it, and uploads work without it.
  const { concepts: _, ...wire } = await wireStateOf(app.baseUrl, app.appId, ["sluice_fingerprint"]);
  return { inputs, concepts: Object.fromEntries(concepts), wire };
}

async function digestOf(app: App, url: string): Promise<string> {
  const response = await fetch(url, { headers: { ...app.authorize(new URL(url))?.headers } });
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  return createHash("sha256")
    .update(Buffer.from(await response.arrayBuffer()))
    .digest("hex");
}
