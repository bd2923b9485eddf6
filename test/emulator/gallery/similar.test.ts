/** Similar images in the gallery. */

import sharp from "sharp";
import { expect, it } from "vitest";
import type { ChangesShape, SimilarShape } from "../../../src/emulator/gallery/shapes.js";
import { openGallery } from "../../helpers/gallery.js";
import { type Http, note, openHttp, picture } from "../../helpers/http.js";

/** Makes a picture of a disc, whose place decides the hash. */
async function disc(x: number, size = 240, format: "jpeg" | "png" = "png"): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="240" height="160"><rect width="240" height="160" fill="#246"/>
    <circle cx="${x}" cy="60" r="45" fill="#fc8"/><rect x="${240 - x}" y="90" width="50" height="60" fill="#e33"/></svg>`;
  return sharp(Buffer.from(svg)).resize(size).toFormat(format).toBuffer();
}

async function similarTo(http: Http, id: string, distance: number): Promise<SimilarShape> {
  const { ask } = await openGallery(http.emulator);
  const seq = (await ask("inputs")).items.find((item) => item.id === id)?.seq ?? 0;
  for (;;) {
    const found = await ask<SimilarShape>("similar", { seq, distance });
    if (found.remaining === 0) return found;
  }
}

const names = ({ items }: SimilarShape) => items.map(({ item, distance }) => [item.id, distance]);

it("finds images that look alike, the most similar first, and keeps their hashes for the next start", async () => {
  const http = await openHttp();
  const original = await disc(60);
  await http.add(picture("original", original));
  await http.add(
    picture("small", await disc(60, 90, "jpeg")),
    picture("same", original),
    picture("other", await disc(190)),
  );
  await http.add(note("words"));
  const near = await similarTo(http, "original", 4);
  expect(names(near)[0]).toEqual(["same", 0]);
  expect(names(near).map(([id]) => id)).toEqual(["same", "small"]);
  expect(names(await similarTo(http, "original", 0))[0]).toEqual(["same", 0]);
  expect(near.total).toBe(2);
  await http.emulator.close();
  const again = await openHttp({ data: http.folder });
  expect(names(await similarTo(again, "original", 4))).toEqual(names(near));
  await again.call("DELETE", "/inputs/same");
  await again.add(picture("late", original));
  await expect
    .poll(async () => names(await similarTo(again, "original", 4)).map(([id]) => id))
    .toEqual(["late", "small"]);
});

it("says that an image without detail is not compared, and that other inputs have none", async () => {
  const http = await openHttp();
  const blank = await sharp({ create: { width: 64, height: 64, channels: 3, background: "white" } })
    .png()
    .toBuffer();
  await http.add(picture("blank", blank));
  await http.add(note("words"));
  expect(await similarTo(http, "blank", 20)).toMatchObject({ items: [], hasNoDetail: true });
  const { ask } = await openGallery(http.emulator);
  const words = (await ask("inputs")).items.find((item) => item.id === "words")?.seq ?? 0;
  await expect(ask("similar", { seq: words, distance: 6 })).rejects.toThrow("404");
});

it("reports no change of the store while it hashes", async () => {
  const http = await openHttp();
  await http.add(picture("one", await disc(60)), picture("two", await disc(190)));
  const { ask, find } = await openGallery(http.emulator);
  await find();
  const before = (await ask<ChangesShape>("changes")).version;
  await similarTo(http, "one", 6);
  expect((await ask<ChangesShape>("changes")).version).toBe(before);
});
