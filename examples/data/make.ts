/** Generates the example data: `npx tsx examples/data/make.ts`. The video needs ffmpeg; without it, the existing video stays. */

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";

const folder = import.meta.dirname;

interface Photo {
  path: string;
  /** Colours of sky and ground. */
  sky: string;
  ground: string;
  place?: [longitude: number, latitude: number];
  orientation?: number;
  format?: "jpeg" | "png" | "webp";
}

const photos: Photo[] = [
  { path: "harbour/quay.jpg", sky: "#9fc4e8", ground: "#2f5d7c", place: [4.4777, 51.9244] },
  { path: "harbour/cranes.jpg", sky: "#d8e3ea", ground: "#3b4a54", place: [4.0539, 51.9496] },
  { path: "harbour/lighthouse.jpg", sky: "#f2c48d", ground: "#27506b", place: [-8.4064, 43.3858] },
  { path: "market/spices.jpg", sky: "#e9b872", ground: "#8a3324", place: [28.9706, 41.0165] },
  { path: "market/stalls.jpg", sky: "#cfe5c6", ground: "#5b7f3a", place: [151.1957, -33.8731], orientation: 6 },
  { path: "market/night market.jpg", sky: "#1d2440", ground: "#d9862f" },
  { path: "market/plan.png", sky: "#ffffff", ground: "#dddddd", format: "png" },
  { path: "market/poster.webp", sky: "#fbe4f0", ground: "#a03a6c", format: "webp" },
];

/** Draws a horizon, a sun and some houses, which the example boxes surround. */
function scene({ sky, ground }: Photo): Buffer {
  const houses = [80, 190, 330, 470]
    .map(
      (x, n) =>
        `<rect x="${x}" y="${210 - n * 18}" width="70" height="${90 + n * 18}" fill="${n % 2 ? "#7a5c48" : "#b08968"}"/>`,
    )
    .join("");
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="420"><rect width="640" height="420" fill="${sky}"/><circle cx="540" cy="80" r="36" fill="#ffdf7e"/><rect y="300" width="640" height="120" fill="${ground}"/>${houses}</svg>`,
  );
}

/** Formats degrees as EXIF does: degrees, minutes and seconds. */
function rational(degrees: number): string {
  const absolute = Math.abs(degrees);
  const minutes = (absolute % 1) * 60;
  return `${Math.floor(absolute)}/1 ${Math.floor(minutes)}/1 ${Math.round((minutes % 1) * 60_000)}/1000`;
}

for (const photo of photos) {
  const { path, place, orientation, format = "jpeg" } = photo;
  mkdirSync(join(folder, path, ".."), { recursive: true });
  let image = sharp(scene(photo));
  if (orientation === 6) image = image.rotate(270); // a camera on its side stores the pixels like this
  image = image.toFormat(format, { quality: 82 });
  if (place) {
    const [longitude, latitude] = place;
    image = image.withExif({
      IFD0: { Make: "Sluice", Model: "Example" },
      IFD3: {
        GPSLatitudeRef: latitude < 0 ? "S" : "N",
        GPSLatitude: rational(latitude),
        GPSLongitudeRef: longitude < 0 ? "W" : "E",
        GPSLongitude: rational(longitude),
      },
    });
  }
  if (orientation !== undefined) image = image.withMetadata({ orientation });
  writeFileSync(join(folder, path), await image.toBuffer());
}

mkdirSync(join(folder, "notes"), { recursive: true });
const notes: Record<string, string> = {
  "notes/welcome.txt": "Calm sea today 🌊, wind from the west 🇳🇱. The family 👨‍👩‍👧‍👦 stayed until sunset 🌅.\n",
  "notes/menu.txt": "Café crème – 2,50 €\nPiñata 🎉 naïve façade\u200B\nNumber 1\uFE0F\u20E3 choice\u0007\n",
  "notes/log.txt": "06:00 first boat in\n07:30 market opens\n22:00 lights out\n",
};
for (const [path, text] of Object.entries(notes)) writeFileSync(join(folder, path), text);

/** Generates one second of a tone: 8 kHz, 16 bit, mono. */
function tone(hertz: number): Buffer {
  const samples = 8000;
  const wave = Buffer.alloc(44 + samples * 2);
  wave.write("RIFF", 0);
  wave.writeUInt32LE(36 + samples * 2, 4);
  wave.write("WAVEfmt ", 8);
  wave.writeUInt32LE(16, 16);
  wave.writeUInt16LE(1, 20);
  wave.writeUInt16LE(1, 22);
  wave.writeUInt32LE(samples, 24);
  wave.writeUInt32LE(samples * 2, 28);
  wave.writeUInt16LE(2, 32);
  wave.writeUInt16LE(16, 34);
  wave.write("data", 36);
  wave.writeUInt32LE(samples * 2, 40);
  for (let n = 0; n < samples; n += 1) {
    wave.writeInt16LE(Math.round(Math.sin((2 * Math.PI * hertz * n) / samples) * 12_000), 44 + n * 2);
  }
  return wave;
}
mkdirSync(join(folder, "media"), { recursive: true });
writeFileSync(join(folder, "media/foghorn.wav"), tone(140));

const filter = "testsrc2=size=320x180:rate=12:duration=2";
const options = [
  "-y",
  "-f",
  "lavfi",
  "-i",
  filter,
  "-c:v",
  "libx264",
  "-pix_fmt",
  "yuv420p",
  "-movflags",
  "+faststart",
];
const made = spawnSync("ffmpeg", [...options, "-fflags", "+bitexact", join(folder, "media/ferry.mp4")]);
if (made.error) process.stderr.write("ffmpeg is not here; media/ferry.mp4 stays as it is\n");

/** Boxes are shares of width and height. Polygons are corners `x y` with `;` between them. */
const table = [
  "file,label,split,longitude,latitude,box,polygon",
  'harbour/quay.jpg,harbour,train,4.4777,51.9244,"0.125 0.5 0.234 0.714",',
  'harbour/cranes.jpg,harbour,train,4.0539,51.9496,"0.296 0.457 0.406 0.714",',
  'harbour/lighthouse.jpg,harbour,test,-8.4064,43.3858,,"0.78 0.1;0.9 0.1;0.9 0.28;0.78 0.28"',
  'market/spices.jpg,market,train,28.9706,41.0165,"0.515 0.414 0.625 0.714",',
];
writeFileSync(join(folder, "photos.csv"), `${table.join("\n")}\n`);

const reviews = [
  "inputid,input,concepts,metadata,geopoints",
  'review-1,"Fresh fish, friendly people 🐟","positive,food","{""stars"": 5, ""source"": ""guest book""}","4.4777,51.9244"',
  'review-2,"The ferry was late.\nTwice.",negative,"{""stars"": 2}",',
  'review-3,"It said ""open"", it wasn\'t.","negative","{\'stars\': 1, \'note\': ""owner\'s day off""}","28.9706,41.0165"',
  "review-4,Fine,,,",
];
writeFileSync(join(folder, "reviews.csv"), `${reviews.join("\n")}\n`);

const places = ["filename,longitude,latitude", "night market.jpg,121.5654,25.0330", "plan.png,4.4777,51.9244"];
writeFileSync(join(folder, "places.csv"), `${places.join("\n")}\n`);
