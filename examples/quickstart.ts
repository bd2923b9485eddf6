/** The main job: a folder through transforms into the embedded store, and what can be done with what is there. `npm start -- ./any-folder` */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  batch,
  connect,
  download,
  flow,
  folder,
  geoFromExif,
  listInputs,
  patch,
  stripUnicode,
  tagMetadata,
  upload,
  where,
} from "sluice";
import { startEmulator } from "sluice/emulator";

const path = process.argv[2] ?? join(import.meta.dirname, "data");
const work = await mkdtemp(join(tmpdir(), "sluice-quickstart-"));
// A store of its own, so that it is the same twice in a row; connect() alone uses the platform, or ./.sluice.
const store = await startEmulator({ data: join(work, "store") });
const app = await connect({ baseUrl: store.url, pat: "any" });

console.log(`1. Uploading ${path}`);
const uploaded = await flow(folder(path, { labels: "folder" }))
  .pipe(
    stripUnicode({ remove: ["emoji", "control"] }),
    tagMetadata({ split: "train" }),
    geoFromExif(),
    batch(),
    upload(app),
  )
  .run();
console.log(uploaded.summary());

const counts = { image: 0, video: 0, audio: 0, text: 0 };
const inputs = await flow(listInputs(app)).toArray();
for (const input of inputs) {
  for (const kind of ["image", "video", "audio"] as const) if (input[kind]) counts[kind] += 1;
  if (input.text !== undefined) counts.text += 1;
}
const places = inputs.filter((input) => input.geo).length;
console.log(`\n2. In the store: ${JSON.stringify(counts)}, ${places} with a place`);

console.log("\n3. Patching: what is a text moves to the test split");
const patched = await flow(listInputs(app, { kinds: ["text"] }))
  .pipe(tagMetadata({ split: "test" }), batch(), patch(app, { action: "merge" }))
  .run();
console.log(patched.summary());
const moved = await flow(listInputs(app))
  .pipe(where((input) => input.metadata.split === "test"))
  .toArray();
console.log(`now in the test split: ${moved.map((input) => input.id).join(", ") || "none"}`);

console.log("\n4. Downloading, and comparing every file with its original");
const out = join(work, "out");
const downloaded = await flow(listInputs(app, { kinds: ["image", "video", "audio"] }))
  .pipe(download(out))
  .run();
console.log(downloaded.summary());

interface ManifestLine {
  id: string;
  sha256: string;
}
const manifest = (await readFile(join(out, "manifest.jsonl"), "utf8")).split("\n").filter((line) => line !== "");
const digests = new Map(manifest.map((line) => JSON.parse(line) as ManifestLine).map(({ id, sha256 }) => [id, sha256]));
let equal = 0;
let different = 0;
const originals = await flow(folder(path)).toArray();
for (const { id, image, video, audio } of originals) {
  const content = image ?? video ?? audio;
  if (!content || !("path" in content) || !digests.has(id)) continue;
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(content.path)) hash.update(chunk as Buffer);
  if (hash.digest("hex") === digests.get(id)) equal += 1;
  else different += 1;
}
console.log(`${equal} files are byte for byte the same, ${different} differ`);

await app.close();
await store.close();
await rm(work, { recursive: true });
process.exitCode = different > 0 ? 1 : Math.max(uploaded.exitCode, patched.exitCode, downloaded.exitCode);
