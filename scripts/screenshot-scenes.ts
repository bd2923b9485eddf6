/** Draws the sample images of the screenshot, with boxes around what they show. The same number gives the same image. */

import sharp from "sharp";

const width = 480;
const height = 360;

type Box = readonly [x: number, y: number, width: number, height: number];

interface Thing {
  label: string;
  box: Box;
  svg: string;
}

interface Scene {
  name: string;
  label: string;
  jpeg: Buffer;
  /** The boxes in shares of width and height. */
  annotations: { box: [number, number, number, number]; concepts: string[] }[];
}

/** Returns numbers from 0 to 1 that depend on the seed only. */
function randomOf(seed: number): () => number {
  let state = (seed + 1) * 7919;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

type Sky = readonly [top: string, bottom: string];

/** Returns the entry at an index, which may be a fraction or beyond the end of the list. */
function pick<T>(list: readonly [T, ...T[]], index: number): T {
  return list[Math.floor(index) % list.length] ?? list[0];
}

const skies: readonly [Sky, ...Sky[]] = [
  ["#7fb2e5", "#dcecf8"],
  ["#f3a66b", "#fbe3c0"],
  ["#8fa7b8", "#dfe7ea"],
  ["#27346b", "#c9789a"],
  ["#5aa9c9", "#eaf5ee"],
];

function boat(x: number, y: number, size: number, color: string): Thing {
  const hull = `<path d="M${x} ${y} h${size} l${-size * 0.18} ${size * 0.22} h${-size * 0.64} z" fill="${color}"/>`;
  const mast = `<path d="M${x + size * 0.48} ${y - size * 0.04} v${-size * 0.86} l${size * 0.4} ${size * 0.8} z" fill="#fbfbf7"/><path d="M${x + size * 0.44} ${y - size * 0.04} v${-size * 0.7} l${-size * 0.3} ${size * 0.66} z" fill="#e9e5da"/>`;
  return { label: "boat", box: [x, y - size * 0.9, size, size * 1.12], svg: hull + mast };
}

function lighthouse(x: number, y: number, size: number): Thing {
  const stripes = [0, 1, 2, 3, 4]
    .map((n) => {
      const top = (0.14 + n * 0.02) * size;
      const bottom = top + 0.02 * size;
      const from = y - size + (0.24 + n * 0.152) * size;
      const to = from + 0.152 * size;
      const center = x + size * 0.25;
      const color = n % 2 === 0 ? "#d9483b" : "#f7f3ea";
      return `<path d="M${center - top} ${from} H${center + top} L${center + bottom} ${to} H${center - bottom} z" fill="${color}"/>`;
    })
    .join("");
  const lamp = `<rect x="${x + size * 0.14}" y="${y - size * 0.88}" width="${size * 0.22}" height="${size * 0.12}" fill="#ffe9a3"/><path d="M${x + size * 0.09} ${y - size * 0.87} h${size * 0.32} l${-size * 0.16} ${-size * 0.13} z" fill="#34404a"/>`;
  return { label: "lighthouse", box: [x, y - size, size * 0.5, size], svg: stripes + lamp };
}

function stall(x: number, y: number, size: number, color: string): Thing {
  const stripes = [0, 1, 2, 3, 4, 5]
    .map(
      (n) =>
        `<path d="M${x + (n * size) / 6} ${y - size * 0.62} h${size / 6} v${size * 0.2} a${size / 12} ${size / 12} 0 0 1 ${-size / 6} 0 z" fill="${n % 2 ? "#fbf7ee" : color}"/>`,
    )
    .join("");
  const fruit = [0, 1, 2, 3, 4]
    .map(
      (n) =>
        `<circle cx="${x + size * (0.16 + n * 0.17)}" cy="${y - size * 0.17}" r="${size * 0.07}" fill="${pick(["#e4572e", "#f3a712", "#76a046", "#b0413e", "#f0c808"], n)}"/>`,
    )
    .join("");
  const table = `<rect x="${x + size * 0.05}" y="${y - size * 0.14}" width="${size * 0.9}" height="${size * 0.14}" fill="#8a6242"/>`;
  const poles = `<path d="M${x + size * 0.06} ${y} v${-size * 0.5} M${x + size * 0.94} ${y} v${-size * 0.5}" stroke="#6b4a31" stroke-width="${size * 0.04}"/>`;
  return { label: "stall", box: [x, y - size * 0.62, size, size * 0.62], svg: poles + fruit + table + stripes };
}

function tree(x: number, y: number, size: number): Thing {
  const crown = [0, 1, 2]
    .map(
      (n) =>
        `<path d="M${x} ${y - size * (0.16 + n * 0.24)} h${size * 0.6} l${-size * 0.3} ${-size * 0.4} z" fill="${pick(["#2f6b4f", "#37795a", "#418866"], n)}"/>`,
    )
    .join("");
  const trunk = `<rect x="${x + size * 0.25}" y="${y - size * 0.18}" width="${size * 0.1}" height="${size * 0.18}" fill="#6b4a31"/>`;
  return { label: "tree", box: [x, y - size * 1.04, size * 0.6, size * 1.04], svg: trunk + crown };
}

function hills(random: () => number, y: number, color: string): string {
  const points = [0, 1, 2, 3, 4, 5, 6].map((n) => `L${n * 80} ${y - random() * 70}`).join(" ");
  return `<path d="M0 ${height} L0 ${y} ${points} L${width} ${height} z" fill="${color}"/>`;
}

/** Draws one of the scenes of a harbour, a market or a valley. */
export async function drawScene(number: number): Promise<Scene> {
  const random = randomOf(number);
  for (let n = 0; n < 5; n += 1) random(); // the first numbers of neighbouring seeds are alike
  const label = pick(["harbour", "market", "valley"], number);
  const [top, bottom] = pick(skies, random() * skies.length);
  const things: Thing[] = [];
  let ground = "";
  if (label === "harbour") {
    ground = `${hills(random, 205, "#6f8797")}<rect y="200" width="${width}" height="160" fill="#2f6285"/>`;
    if (random() > 0.4) things.push(lighthouse(330 + random() * 60, 214, 110 + random() * 40));
    const count = 1 + Math.floor(random() * 3);
    for (let n = 0; n < count; n += 1) {
      things.push(
        boat(30 + n * 140 + random() * 50, 250 + random() * 60, 60 + random() * 60, n % 2 ? "#b5483a" : "#26323b"),
      );
    }
  } else if (label === "market") {
    ground = `${hills(random, 170, "#a9a08f")}<rect y="230" width="${width}" height="130" fill="#cbb89a"/>`;
    const count = 2 + Math.floor(random() * 2);
    const colors: [string, ...string[]] = ["#c8443c", "#2f7f79", "#d98a29", "#5b5f97"];
    for (let n = 0; n < count; n += 1) {
      things.push(
        stall(14 + (n * 450) / count, 290 + random() * 40, 400 / count, pick(colors, random() * colors.length)),
      );
    }
  } else {
    ground = [170, 215, 265].map((y, n) => hills(random, y, pick(["#8fa58e", "#6f9068", "#55793f"], n))).join("");
    const count = 2 + Math.floor(random() * 4);
    for (let n = 0; n < count; n += 1)
      things.push(tree(20 + n * 90 + random() * 30, 310 + random() * 30, 90 + random() * 60));
  }
  const sun = `<circle cx="${60 + random() * 360}" cy="${50 + random() * 50}" r="26" fill="#fff3c4"/>`;
  const sky = `<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${top}"/><stop offset="1" stop-color="${bottom}"/></linearGradient></defs><rect width="${width}" height="260" fill="url(#sky)"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${sky}${sun}${ground}${things.map((thing) => thing.svg).join("")}</svg>`;
  const jpeg = await sharp(Buffer.from(svg)).jpeg({ quality: 88 }).toBuffer();
  const share = (value: number, side: number) => Math.min(1, Math.max(0, value / side));
  const annotations = things.map(({ label, box: [x, y, w, h] }) => {
    const box: [number, number, number, number] = [
      share(x, width),
      share(y, height),
      share(x + w, width),
      share(y + h, height),
    ];
    return { box, concepts: [label] };
  });
  return { name: `${label}-${String(Math.floor(number / 3) + 1).padStart(2, "0")}.jpg`, label, jpeg, annotations };
}
