/** Uploads a folder to the emulator, then lists, patches, downloads and compares its inputs. `npm start -- ./any-folder` */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type App,
  batch,
  connect,
  download,
  FlowError,
  filterInputs,
  flow,
  folder,
  geoFromExif,
  listInputs,
  patch,
  tagMetadata,
  transform,
  upload,
} from "sluice";
import { startEmulator } from "sluice/emulator";

const path = process.argv[2] ?? join(import.meta.dirname, "data");
const work = await mkdtemp(join(tmpdir(), "sluice-quickstart-"));
// An emulator of its own, so that every run starts empty. connect() alone uses the platform, or an emulator in ./.sluice.
const store = await startEmulator({ data: join(work, "store") });
const app = await connect({ baseUrl: store.url, pat: "any" });
try {
  process.exitCode = await show(app);
} catch (error) {
  if (!(error instanceof FlowError)) throw error;
  console.error(error.message); // for example, a folder that does not exist
  process.exitCode = 1;
} finally {
  await app.close();
  await store.close();
  await rm(work, { recursive: true });
}

async function show(app: App): Promise<number> {
  console.log(`1. Uploading ${path}`);
  const uploaded = await flow(folder(path, { labels: "folder" }))
    .pipe(tagMetadata({ split: "train" }), geoFromExif(), batch(), upload(app))
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
    .pipe(filterInputs((input) => input.metadata.split === "test"))
    .toArray();
  const first = moved.slice(0, 3).map((input) => input.id);
  console.log(`now in the test split: ${moved.length}${first.length > 0 ? ` (${first.join(", ")}, …)` : ""}`);

  console.log("\n4. Downloading, and comparing every file with its original");
  const out = join(work, "out");
  const downloaded = await flow(listInputs(app, { kinds: ["image", "video", "audio"], status: 30000 }))
    .pipe(download(out))
    .run();
  console.log(downloaded.summary());
  const { equal, different } = await compare(downloaded.counts.read > 0 ? await digestsOf(out) : new Map());
  console.log(`${equal} files are byte for byte the same, ${different} differ`);
  return different > 0 ? 1 : Math.max(uploaded.exitCode, patched.exitCode, downloaded.exitCode);
}

/** Returns the SHA-256 of each downloaded file by the id of its input. */
async function digestsOf(out: string): Promise<Map<string, string>> {
  const lines = (await readFile(join(out, "manifest.jsonl"), "utf8")).split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => JSON.parse(line)).map(({ id, sha256 }) => [id, sha256]));
}

/** Compares the files of the folder with the downloads. It reads the folder again, which yields the same ids. */
async function compare(digests: ReadonlyMap<string, string>): Promise<{ equal: number; different: number }> {
  const sums = { equal: 0, different: 0 };
  const check = transform(async (input) => {
    const content = input.image ?? input.video ?? input.audio;
    if (!content || !("path" in content) || !digests.has(input.id)) return null;
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(content.path)) hash.update(chunk as Buffer);
    sums[hash.digest("hex") === digests.get(input.id) ? "equal" : "different"] += 1;
    return input;
  });
  await flow(folder(path)).pipe(check).run();
  return sums;
}
