/** Sets locations: from EXIF, from a table, and from a function. Longitude comes first. */

import { join } from "node:path";
import { flow, folder, geoFromExif, geoFromTable, setGeo } from "sluice";

const data = join(import.meta.dirname, "data");
const harbour = { longitude: 4.48, latitude: 51.92 };

const placed = await flow(folder(data, { kinds: ["image"] }))
  .pipe(
    geoFromExif(),
    geoFromTable(join(data, "places.csv")),
    setGeo((input) => input.geo ?? harbour),
  )
  .toArray();

for (const { metadata, geo: place } of placed) {
  console.log(`${String(metadata.filename).padEnd(18)} ${place?.longitude}, ${place?.latitude}`);
}
