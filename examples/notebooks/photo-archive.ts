/**
 * Photo archive: uploads photos, finds where they were taken, and shows which ones lack a location.
 *
 * Cells begin with `// %%`. `npm run notebooks` makes photo-archive.ipynb of this file.
 */

// %% Start an emulator with a temporary store. `connect()` alone uses the platform, or an emulator in `./.sluice`.
import { join } from "node:path";
import { batch, connect, dedupe, flow, folder, geoFromExif, geoFromTable, listInputs, transform, upload } from "sluice";
import { startEmulator } from "sluice/emulator";

const data = join(import.meta.dirname, "../data");
const store = await startEmulator();
const app = await connect({ baseUrl: store.url, pat: "any" });

// %% Count the photos and albums. The flow reads the folder and sends nothing.
const photos = folder(data, { kinds: ["image"], labels: "folder" });
const found = await flow(photos).toArray();
console.log(`${found.length} photos, ${new Set(found.map(({ concepts }) => concepts[0]?.id)).size} albums`);

// %% Preview an album with the locations that the camera wrote into its photos. A preview reads only a few inputs.
const harbour = flow(folder(join(data, "harbour"))).pipe(geoFromExif());
console.log(await harbour.preview(3));

// %% Find the photos without a location.
const placed = await flow(photos).pipe(geoFromExif()).toArray();
const without = placed.filter(({ geo }) => geo === undefined).map(({ metadata }) => metadata.filename);
console.log(`without a place: ${without.sort().join(", ")}`);

// %% Take two more locations from a table, and add the hemisphere as metadata for later searches. Then plan the upload: a plan sends nothing.
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
console.log(await archive.plan());

// %% Upload the photos, and show the progress. The result is the report of the run.
console.log(await archive.run({ progress: true }));

// %% List the stored photos.
for (const { metadata, concepts, geo } of await flow(listInputs(app)).toArray()) {
  const place = geo ? `${geo.longitude}, ${geo.latitude} (${metadata.hemisphere})` : "nowhere yet";
  console.log(`${concepts[0]?.name}: ${metadata.filename}: ${place}`);
}

// %% Close the connection and the emulator.
await app.close();
await store.close();
