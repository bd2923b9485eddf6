/** Reads an export of Google Photos: the sidecars fill what the files do not say. */

import { copyFile, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flow, folder, geoFromExif, takenAt, takeout } from "sluice";

const exported = await mkdtemp(join(tmpdir(), "takeout-"));
const stalls = join(import.meta.dirname, "data", "market", "night market.jpg");
await copyFile(stalls, join(exported, "IMG_1.jpg"));
await copyFile(stalls, join(exported, "IMG_1-edited.jpg"));
await writeFile(
  join(exported, "IMG_1.jpg.supplemental-metadata.json"),
  JSON.stringify({
    title: "IMG_1.jpg",
    description: "The night market",
    photoTakenTime: { timestamp: "1685528000" },
    geoData: { latitude: -33.87, longitude: 151.2 },
    people: [{ name: "Ada" }],
  }),
);

for await (const { metadata, geo } of flow(folder(exported)).pipe(takenAt(), geoFromExif(), takeout())) {
  console.log(metadata.filename, metadata.takenAt, metadata.description, metadata.people, geo);
}
