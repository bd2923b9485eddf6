/** The program of all consumers: a table, an image that sharp resizes, and a text that is cleaned, uploaded to an emulator and listed again. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { batch, connect, csv, fitImage, flow, fromIterable, listInputs, stripUnicode, upload } from "sluice";
import { startEmulator } from "sluice/emulator";

export async function main() {
  const folder = await mkdtemp(join(tmpdir(), "sluice-consumer-"));
  const emulator = await startEmulator({ data: join(folder, "store") });
  const app = await connect({ baseUrl: emulator.url, pat: "any" });
  try {
    const table = join(folder, "rows.csv");
    await writeFile(table, 'inputid,input,metadata\nrow,"calm sea","{""split"": ""test""}"\n');
    const create = { width: 80, height: 60, channels: 3, background: "teal" };
    const png = await sharp({ create }).png().toBuffer();
    const made = fromIterable([
      { id: "picture", image: { bytes: png } },
      { id: "text", text: "calm \u{1F30A}sea" },
    ]);
    const rows = await flow(csv(table)).pipe(batch(), upload(app)).run();
    const cleaned = stripUnicode({ remove: "emoji" });
    const others = await flow(made)
      .pipe(cleaned, fitImage({ maxMegapixels: 0.0012 }), batch(), upload(app))
      .run();
    const [text] = await flow(listInputs(app, { ids: ["text"] })).toArray();
    const [picture] = await flow(listInputs(app, { ids: ["picture"] })).toArray();
    const [read, ok] = ["read", "ok"].map((name) => rows.counts[name] + others.counts[name]);
    return `consumer: read ${read} = ok ${ok}, ${text.text}, ${picture.image.width} x ${picture.image.height}`;
  } finally {
    await app.close();
    await emulator.close();
    await rm(folder, { recursive: true, force: true });
  }
}
