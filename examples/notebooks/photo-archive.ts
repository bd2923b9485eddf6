/** Uploads a photo archive, finds where the photos were taken, and shows which ones lack a location. Cells begin with `// %%`. */

// %% Start an emulator with a temporary store. connect() alone uses the platform, or an emulator in ./.sluice.
import { join } from "node:path";
import { batch, connect, dedupe, flow, folder, geoFromExif, geoFromTable, listInputs, transform, upload } from "sluice";
import { startEmulator } from "sluice/emulator";

const data = join(import.meta.dirname, "../data");
const store = await startEmulator();
const app = await connect({ baseUrl: store.url, pat: "any" });

// %% Count the photos and albums. This sends nothing.
const photos = folder(data, { kinds: ["image"], labels: "folder" });
const found = await flow(photos).toArray();
console.log(`${found.length} photos, ${new Set(found.map(({ concepts }) => concepts[0]?.id)).size} albums`);

// %% Read the locations that the camera wrote into most photos.
const placed = await flow(photos).pipe(geoFromExif()).toArray();
const without = placed.filter(({ geo }) => geo === undefined).map(({ metadata }) => metadata.filename);
console.log(`without a place: ${without.sort().join(", ")}`);

// %% Take two more locations from a table, and add the hemisphere as metadata for later searches.
const hemisphere = transform(
  (input) => {
    if (!input.geo) return input;
    return { ...input, metadata: { ...input.metadata, hemisphere: input.geo.latitude < 0 ? "south" : "north" } };
  },
  { name: "hemisphere" },
);
const archive = flow(photos).pipe(
  dedupe(),
  geoFromExif(),
  geoFromTable(join(data, "places.csv")),
  hemisphere,
  batch(),
  upload(app),
);
console.log((await archive.plan()).summary());

// %% Upload the photos.
const report = await archive.run();
console.log(report.summary());

// %% List the stored photos.
for (const { metadata, concepts, geo } of await flow(listInputs(app)).toArray()) {
  const place = geo ? `${geo.longitude}, ${geo.latitude} (${metadata.hemisphere})` : "nowhere yet";
  console.log(`${concepts[0]?.name}: ${metadata.filename}: ${place}`);
}

// %% Close the connection and the emulator.
await app.close();
await store.close();
process.exitCode = report.exitCode;
