/** Makes a set of files of a given number and size, each with a JPEG's header and random bytes, in folders of 1,000. */

import { randomFillSync } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A 1 × 1 JPEG; what follows its end is ignored by readers. */
const jpeg = Buffer.from(
  "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=",
  "base64",
);

export function makeFiles(folder, count, bytes) {
  const done = join(folder, ".done");
  if (existsSync(done) && readFileSync(done, "utf8") === `${count} ${bytes}`) return;
  const content = Buffer.alloc(bytes);
  randomFillSync(content);
  jpeg.copy(content);
  for (let index = 0; index < count; index += 1) {
    const part = join(folder, String(Math.floor(index / 1000)).padStart(4, "0"));
    if (index % 1000 === 0) mkdirSync(part, { recursive: true });
    content.writeUInt32LE(index, Math.min(bytes - 4, 200));
    writeFileSync(join(part, `image-${String(index).padStart(7, "0")}.jpg`), content);
  }
  writeFileSync(done, `${count} ${bytes}`);
}
if (process.argv[2]) makeFiles(process.argv[2], Number(process.argv[3]), Number(process.argv[4]));
