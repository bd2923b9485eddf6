/**
 * Takes the picture of the gallery in the README, docs/gallery.png: `npm run screenshot`. Needs Chromium.
 *
 * It uploads sample data to an emulator of its own, opens the gallery, and waits until the images are there. It names no element of the page, so that it
 * works after the page has changed.
 */

import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { connect, flow, fromIterable, type InputDraft, upload } from "sluice";
import { startEmulator } from "sluice/emulator";
import { drawScene } from "./screenshot-scenes.js";

const root = join(import.meta.dirname, "..");
const target = join(root, "docs/gallery.png");
const maxBytes = 150_000;
const imageCount = 39;
const places = [
  [4.48, 51.92],
  [-8.41, 43.39],
  [28.97, 41.02],
  [151.2, -33.87],
  [-122.42, 37.77],
] as const;

/** A video, an audio file and texts, which the gallery shows between the images. */
const media = join(root, "examples/data/media");
const others: InputDraft[] = [
  {
    id: "review-1",
    text: "Fresh fish, friendly people. We stayed until the lights went out.",
    concepts: ["positive"],
    metadata: { stars: 5 },
  },
  { id: "review-2", text: "The ferry was late. Twice.", concepts: ["negative"], metadata: { stars: 2 } },
  {
    id: "foghorn",
    audio: { path: join(media, "foghorn.wav") },
    concepts: ["harbour"],
    metadata: { filename: "foghorn.wav" },
  },
  {
    id: "ferry",
    video: { path: join(media, "ferry.mp4") },
    concepts: ["harbour"],
    metadata: { filename: "ferry.mp4" },
  },
];

const work = await mkdtemp(join(tmpdir(), "sluice-screenshot-"));
const emulator = await startEmulator({ data: join(work, "store") });
const app = await connect({ baseUrl: emulator.url, pat: "any", userId: "me", appId: "photos" });
try {
  await uploadSamples();
  await takePicture();
  const { size } = await stat(target);
  console.log(`docs/gallery.png has ${size} bytes`);
  if (size > maxBytes) throw new Error(`docs/gallery.png has ${size} bytes; the limit is ${maxBytes}`);
} finally {
  await app.close();
  await emulator.close();
  await rm(work, { recursive: true });
}

/** Uploads one input after the other, so that the gallery always shows them in the same order. */
async function uploadSamples(): Promise<void> {
  const inputs: InputDraft[] = await Promise.all(Array.from({ length: imageCount }, (_, number) => draftOf(number)));
  inputs.splice(-7, 0, ...others);
  for (const input of inputs) {
    const report = await flow(fromIterable([input]))
      .pipe(upload(app, { createDatasets: true }))
      .run();
    if (report.exitCode !== 0) throw new Error(report.summary());
  }
}

async function draftOf(number: number): Promise<InputDraft> {
  const { name, label, jpeg, annotations } = await drawScene(number);
  const [longitude, latitude] = places[number % places.length] ?? places[0];
  return {
    id: name.replace(".jpg", ""),
    image: { bytes: jpeg },
    concepts: [label],
    metadata: { filename: name, split: number % 5 === 0 ? "test" : "train" },
    geo: { longitude, latitude },
    datasets: [number % 5 === 0 ? "test" : "train"],
    annotations,
  };
}

async function takePicture(): Promise<void> {
  const executablePath = process.env.CHROMIUM_PATH || "/usr/bin/chromium";
  const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
  const browser = await chromium.launch({ executablePath, args });
  try {
    const page = await browser.newPage({
      viewport: { width: 1280, height: 556 },
      colorScheme: "light",
      reducedMotion: "reduce",
    });
    await page.goto(emulator.galleryUrl());
    const isDrawn = "document.images.length >= 8 && [...document.images].every((image) => image.complete)";
    for (let waits = 0; !(await page.evaluate<boolean>(isDrawn)); waits += 1) {
      if (waits === 300) throw new Error("the gallery shows no images after 30 s");
      await page.waitForTimeout(100);
    }
    await page.waitForLoadState("networkidle");
    await page.evaluate("document.fonts.ready");
    const picture = await page.screenshot({ animations: "disabled", caret: "hide" });
    await writeFile(
      target,
      await sharp(picture).png({ palette: true, colours: 160, dither: 0.6, effort: 10 }).toBuffer(),
    );
  } finally {
    await browser.close();
  }
}
