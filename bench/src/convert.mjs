/**
 * Converts 1,000,000 annotations of 100,000 images from COCO to YOLO with Sluice, and with a Python converter in turn.
 *
 * node bench/src/convert.mjs [--images 100000] [--annotations 1000000] [--pairs 2] [--python "python3 convert.py"] [--node-flags="--max-semi-space-size=4"]
 *
 * The Python command gets the folder of the JSON and an output folder. For JSON2YOLO of ultralytics: a file with
 * `from general_json2yolo import convert_coco_json; import sys; convert_coco_json(sys.argv[1], save_dir=sys.argv[2])`.
 */

import { spawnSync } from "node:child_process";
import { createWriteStream, existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";

const { values } = parseArgs({
  options: {
    images: { type: "string", default: "100000" },
    annotations: { type: "string", default: "1000000" },
    pairs: { type: "string", default: "2" },
    python: { type: "string" },
    "node-flags": { type: "string", default: "" },
  },
});
const [images, annotations, pairs] = [values.images, values.annotations, values.pairs].map(Number);
const home = mkdtempSync(join(tmpdir(), "sluice-convert-"));

const child = `
const { coco, flow, writeYolo } = await import(process.env.SLUICE);
const source = coco(process.argv[1]);
const report = await flow(source).pipe(writeYolo(process.argv[2], { media: "none", classes: source })).run();
if (report.counts.ok !== Number(process.argv[3])) throw new Error(report.summary());
console.log(JSON.stringify({ ...process.resourceUsage() }));
`;

/** Writes the dataset; its images are links to a few small files. */
async function generate() {
  const folder = join(home, "coco");
  mkdirSync(join(folder, "annotations"), { recursive: true });
  mkdirSync(join(folder, "images", "train"), { recursive: true });
  const bytes = await sharp({ create: { width: 640, height: 480, channels: 3, background: "navy" } })
    .jpeg()
    .toBuffer();
  let original = "";
  const out = createWriteStream(join(folder, "annotations", "instances_train.json"));
  const write = (text) => out.write(text) || new Promise((resolve) => out.once("drain", resolve));
  await write('{"info":{},"licenses":[],"images":[');
  for (let n = 0; n < images; n += 1) {
    const name = `${String(n).padStart(12, "0")}.jpg`;
    const path = join(folder, "images", "train", name);
    if (n % 20_000 === 0) {
      original = path;
      writeFileSync(path, bytes);
    } else linkSync(original, path);
    await write(
      `${n === 0 ? "" : ", "}${JSON.stringify({ id: n * 7 + 3, file_name: name, width: 640, height: 480, license: 4 })}`,
    );
  }
  await write('],"annotations":[');
  let seed = 1;
  const random = (most) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return (seed / 2_147_483_647) * most;
  };
  for (let n = 0; n < annotations; n += 1) {
    const bbox = [random(500), random(400), 5 + random(125), 5 + random(70)].map((value) => Number(value.toFixed(2)));
    const more = { image_id: Math.floor(random(images)) * 7 + 3, category_id: 1 + Math.floor(random(80)), id: n + 1 };
    await write(
      `${n === 0 ? "" : ", "}${JSON.stringify({ segmentation: [], area: bbox[2] * bbox[3], iscrowd: 0, bbox, ...more })}`,
    );
  }
  const categories = Array.from({ length: 80 }, (_, n) => ({ id: n + 1, name: `class ${n + 1}`, supercategory: "s" }));
  await write(`],"categories":${JSON.stringify(categories)}}`);
  await new Promise((resolve) => out.end(resolve));
  return folder;
}

/** Runs a command with `time`; returns its wall time, its CPU time and its peak memory. */
function measure(name, command, args, env = {}) {
  const started = performance.now();
  const format = ["-f", "%U %S %M", "-o", join(home, "time")];
  const ran = spawnSync("/usr/bin/time", [...format, command, ...args], {
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  if (ran.status !== 0) throw new Error(`${name}: ${ran.stderr}${ran.error ?? ""}`);
  const [user, system, kilobytes] = spawnSync("tail", ["-1", join(home, "time")], { encoding: "utf8" })
    .stdout.split(" ")
    .map(Number);
  const result = {
    name,
    wallS: (performance.now() - started) / 1000,
    cpuS: user + system,
    peakMb: Math.round(kilobytes / 1024),
  };
  console.log(JSON.stringify(result));
  return result;
}

try {
  const folder = await generate();
  for (let pair = 0; pair < pairs; pair += 1) {
    const out = join(home, `yolo-${pair}`);
    const flags = values["node-flags"].split(" ").filter(Boolean);
    const args = [...flags, "--input-type=module", "-e", child, folder, out, String(images)];
    const ours = measure("Sluice", process.execPath, args, {
      SLUICE: new URL("../../dist/index.js", import.meta.url).href,
    });
    rmSync(out, { recursive: true });
    if (values.python === undefined) continue;
    const [command, ...rest] = values.python.split(" ");
    const other = join(home, `python-${pair}`);
    const theirs = measure("Python", command, [...rest, join(folder, "annotations"), other]);
    if (existsSync(other)) rmSync(other, { recursive: true });
    console.log(
      `Sluice / Python: wall ${(ours.wallS / theirs.wallS).toFixed(2)}, CPU ${(ours.cpuS / theirs.cpuS).toFixed(2)}`,
    );
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
