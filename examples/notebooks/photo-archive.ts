/** A photo archive: what is there, where it was taken, and what still lacks a place. Cells begin with `// %%`. */

// %% A store that goes away with this script; connect() alone takes the platform, or ./.sluice.
import { join } from "node:path";
import { batch, connect, dedupe, flow, folder, geoFromExif, geoFromTable, listInputs, transform, upload } from "sluice";
import { startEmulator } from "sluice/emulator";

const data = join(import.meta.dirname, "../data");
const store = await startEmulator();
const app = await connect({ baseUrl: store.url, pat: "any" });

// %% What does the archive hold? Nothing is sent yet.
const photos = folder(data, { kinds: ["image"], labels: "folder" });
const found = await flow(photos).toArray();
console.log(`${found.length} photos, ${new Set(found.map(({ concepts }) => concepts[0]?.id)).size} albums`);

// %% Where were they taken? The camera wrote it into most of them.
const placed = await flow(photos).pipe(geoFromExif()).toArray();
const without = placed.filter(({ geo }) => geo === undefined).map(({ metadata }) => metadata.filename);
console.log(`without a place: ${without.sort().join(", ")}`);

// %% Two of those we know, from a table. The hemisphere becomes metadata, to be searched by.
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

// %% Off they go.
const report = await archive.run();
console.log(report.summary());

// %% What the store has now.
for (const { metadata, concepts, geo } of await flow(listInputs(app)).toArray()) {
  const place = geo ? `${geo.longitude}, ${geo.latitude} (${metadata.hemisphere})` : "nowhere yet";
  console.log(`${concepts[0]?.name}: ${metadata.filename}: ${place}`);
}

// %% The end.
await app.close();
await store.close();
process.exitCode = report.exitCode;
