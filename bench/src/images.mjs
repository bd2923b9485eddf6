/** Makes images that can be decoded, each different. */

import { randomFillSync } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Returns a folder with `count` JPEGs of `bytes` bytes. It is made once. */
export async function makeImages(count, bytes) {
  const folder = join(tmpdir(), "sluice-bench", `images-${count}-${bytes}`);
  const made = `${folder}.made`;
  if (existsSync(made)) return folder;
  process.stderr.write(`making ${count} images in ${folder}\n`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const pixels = await noise(bytes);
  const start = pixels.subarray(0, 2);
  const rest = pixels.subarray(2);
  const comment = Buffer.alloc(bytes - pixels.length);
  comment.writeUInt16BE(0xfffe, 0);
  comment.writeUInt16BE(comment.length - 2, 2);
  for (let index = 0; index < count; index += 1) {
    randomFillSync(comment, 4);
    const name = `image-${String(index).padStart(6, "0")}.jpg`;
    writeFileSync(join(folder, name), Buffer.concat([start, comment, rest]));
  }
  writeFileSync(made, "");
  return folder;
}

/** Returns the largest JPEG of noise that leaves room for a comment of 20 bytes. */
async function noise(bytes) {
  const { default: sharp } = await import("sharp");
  let best;
  for (let side = 8; side <= 2048; side += 8) {
    const raw = { width: side, height: side, channels: 3 };
    const jpeg = await sharp(randomFillSync(Buffer.alloc(side * side * 3)), { raw })
      .jpeg({ quality: 80 })
      .toBuffer();
    if (jpeg.length > bytes - 20) break;
    best = jpeg;
  }
  if (!best || bytes - best.length > 60_000) throw new Error(`--bytes ${bytes}: no image of this size can be made`);
  return best;
}
