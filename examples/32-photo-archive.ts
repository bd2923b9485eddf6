/** Cleans photographs: names when and where they were taken, drops near duplicates, and removes private metadata. */

import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { flow, fromIterable, geoFromExif, nearDuplicates, reverseGeocode, stripExif, takenAt } from "sluice";

const archive = await mkdtemp(join(tmpdir(), "photo-archive-"));
const harbour = join(import.meta.dirname, "data", "harbour");

// A photograph with its time, and a smaller copy of it.
const quay = sharp(join(harbour, "quay.jpg"))
  .keepExif()
  .withExifMerge({ IFD2: { DateTimeOriginal: "2024:07:03 14:22:10" } });
await writeFile(join(archive, "quay.jpg"), await quay.toBuffer());
await writeFile(join(archive, "smaller.jpg"), await sharp(join(harbour, "quay.jpg")).resize(320).toBuffer());

const files = ["quay.jpg", "smaller.jpg"].map((name) => ({ image: { path: join(archive, name) } }));
const photos = flow(fromIterable(files)).pipe(
  nearDuplicates({ store: join(archive, ".hashes") }),
  geoFromExif(),
  takenAt(),
  reverseGeocode({ fields: ["country", "city"] }),
  stripExif(),
);
for await (const { metadata, geo } of photos) console.log(metadata, geo);

const report = await flow(fromIterable(files)).pipe(nearDuplicates()).run();
for (const { rows } of report.sheets) for (const { text } of rows) console.log(text.replaceAll(archive, "."));
