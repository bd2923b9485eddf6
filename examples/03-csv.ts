/** Uploads CSV files: one with known columns, and one with its own columns through `map`, with boxes, polygons and locations. */

import { join } from "node:path";
import { type Annotation, batch, connect, csv, flow, upload } from "sluice";

const app = await connect();
const data = join(import.meta.dirname, "data");

const reviews = await flow(csv(join(data, "reviews.csv")))
  .pipe(batch(), upload(app))
  .run();
console.log(reviews.summary());

const photos = csv(join(data, "photos.csv"), {
  map: (row) => ({
    id: `photo-${row.file?.replace(/\W+/g, "-")}`,
    image: { path: join(data, row.file ?? "") },
    concepts: [row.label ?? "none"],
    metadata: { split: row.split ?? "train" },
    geo: locationOf(row),
    annotations: drawn(row),
  }),
});
const uploaded = await flow(photos).pipe(batch(), upload(app)).run();
console.log(uploaded.summary());

/** Returns no location for an empty cell: as a number, the cell would be 0, which lies in the Gulf of Guinea. */
function locationOf({ longitude = "", latitude = "" }: Record<string, string>) {
  if (longitude.trim() === "" || latitude.trim() === "") return undefined;
  return { longitude: Number(longitude), latitude: Number(latitude) };
}

function drawn({ box, polygon, label = "none" }: Record<string, string>): Annotation[] {
  const concepts = [{ id: label }];
  const made: Annotation[] = [];
  if (box) made.push({ box: box.split(" ").map(Number) as [number, number, number, number], concepts });
  const corners = polygon?.split(";").map((corner) => corner.split(" ").map(Number) as [number, number]);
  if (corners && corners.length > 2) made.push({ polygon: corners, concepts });
  return made;
}

await app.close();
process.exitCode = Math.max(reviews.exitCode, uploaded.exitCode);
