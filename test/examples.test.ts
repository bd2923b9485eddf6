/** Runs the examples unchanged, as a user would, with the built library. */

import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { transformSync } from "esbuild";
import { afterAll, describe, it } from "vitest";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const plainScripts = pathToFileURL(join(root, "test/helpers/plain-scripts.mjs")).href;

/** All scripts without their types. Each would start in twice the time with tsx, which the README recommends. */
function withoutTypes(): string {
  const paths = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" });
  const scripts = paths
    .filter((path) => path.endsWith(".ts"))
    .map((path) => {
      const full = join(root, "examples", path);
      const { code } = transformSync(readFileSync(full, "utf8"), { loader: "ts", target: "node20" });
      return [pathToFileURL(full).href, code];
    });
  const file = join(mkdtempSync(join(tmpdir(), "sluice-scripts-")), "scripts.json");
  writeFileSync(file, JSON.stringify(Object.fromEntries(scripts)));
  return file;
}
const scriptsFile = withoutTypes();
afterAll(() => rm(dirname(scriptsFile), { recursive: true }));

/** Text that the output of each example must contain. */
const shows: Record<string, RegExp[]> = {
  "quickstart.ts": [/read 18 = ok 14 \+ failed 0 \+ skipped 4/, /10 files are byte for byte the same, 0 differ/],
  "01-folder.ts": [/read 18 = ok 14 \+ failed 0 \+ skipped 4/, /excluded/],
  "02-urls.ts": [/ok 1 \+ failed 1/, /404/, /read 1 = ok 1/],
  "03-csv.ts": [/read 4 = ok 4[\s\S]*read 4 = ok 4/],
  "04-clean-text.ts": [/note-1-1: Calm sea {2}under a {2}flag/, /note-3-3/, /dropped by dedupe/],
  "05-places.ts": [/cranes\.jpg +4\.0539, 51\.9496/, /lighthouse\.jpg +-8\.4064/, /poster\.webp +4\.48/],
  "06-boxes.ts": [/first-boat: boat \[/, /pier: pier/, /mood: calm "the whole image"/],
  "07-list-and-download.ts": [/ferry-mp4.*\n/, /"sha256":"[0-9a-f]{64}"/],
  "08-patch-and-remove.ts": [/patch-example-1 2 first draft/, /patch-example-0 undefined/, /remove: read 3 = ok 3/],
  "26-coco-to-yolo.ts": [/COCO: read 1 = ok 1/, /YOLO: read 1 = ok 1/, /0: stall/],
  "24-search.ts": [/images without annotations: (\d+) by search, \1 by listing/, /failed 0/, /files: \d+/],
  "28-bucket.ts": [/objects: read 3 = ok 3/, /archive: read 5 = ok 5/],
  "29-web-dataset.ts": [
    /read 2 = ok 2/,
    /lighthouse.*: "a lighthouse at noon" from shard 000, harbour/,
    /\.npy has no place/,
  ],
  "09-own-plugins.ts": [/read 12 = ok 12/, /█2 …/],
  "11-journal.ts": [
    /first: read \d = ok 2 /,
    /second: read 5 = ok 2 \+ failed 1 \+ skipped 2 /,
    /again: read 1 = ok 1 /,
    /last: read 5 = ok 0 \+ failed 0 \+ skipped 5 /,
    /elsewhere: .* skipped 5 [\s\S]*already exists[\s\S]* 0 bytes sent/,
  ],
  "12-progress.ts": [
    /sluice: ended: 18 of 18 inputs \(100 %\); .*upload: 13 done/,
    /\d+ events, the last: ended, 13 ok/,
  ],
  "13-plan.ts": [
    /plan: read 19 = ok 13 \+ refused 1 \+ skipped 5[\s\S]*upload {3}13 inputs in 4 batches[\s\S]*refused {2}\S*empty\.jpg/,
    /as planned: true/,
  ],
  "14-report-page.ts": [/by code: 1 × ERR_FILE_EMPTY/, /report\.html: \d+ kB, 8 thumbnails, 8 boxes/],
  "15-preview.ts": [
    /cranes-jpg-\w+ {2}image {2}.*image\/jpeg, \d+ × \d+\n {2}concepts +harbour\n/,
    /annotations box boat/,
    /only notes: \S+-txt-\w+ {2}text/,
  ],
  "16-unknown-kinds.ts": [
    /blob-1: audio\nblob-2: image\nblob-3: text\n/,
    /ok 3 \+ failed 1[\s\S]*is not an image, video, audio or text/,
  ],
  "17-watch.ts": [/^1 ok, idle\n2 ok, idle\n/m, /read 3 = ok 3[\s\S]*idle/],
  "18-another-platform.ts": [
    /plan: read 3 = ok 3 [\s\S]*publishArticles 3 inputs in 1 batch\nstored after the plan: 0/,
    /read 3 = ok 2 \+ failed 1[\s\S]*ERR_ARTICLE_REFUSED[\s\S]*stored after the run: 2 in 1 requests/,
  ],
  "34-doctor.ts": [
    /broken-file: 1 [\s\S]*out-of-frame-box: 1 [\s\S]*leakage: 1 [\s\S]*no input that was read has the class "ship"[\s\S]*exit code: 1\n/,
    /read 4 = ok 1 \+ failed 3/,
  ],
  "35-video-frames.ts": [/ok 1 \+ failed 0 [\s\S]*\n500 ms: 320 × 180 image\/png\n|ERR_FFMPEG_MISSING/],
  "30-texts.ts": [
    /two boats\. \{ filename: 'quay\.jpg', place: 'Rotterdam' \}\n[\s\S]*read 1 = ok 1 /,
    /log-md-\w+-part-0001 "# Harbour log\\n\\nThe harbour was calm this morning\. "[\s\S]*part-0002[\s\S]*read 1 = ok 1 /,
  ],
  "31-parquet.ts": [
    /boats-parquet-2-\w+ A lighthouse coast \{ year: 2025, filename: 'lighthouse\.jpg' \}/,
    /read 3 = ok 3 /,
  ],
  "38-hugging-face.ts": [/data-train-\S+-2-\w+ A lighthouse \{\s*split: 'train',\s*year: 2025,/, /read 3 = ok 3 /],
  "19-opener.ts": [
    /read 3 = ok 2 \+ failed 1[\s\S]*intranet:missing\.jpg does not exist \[fromIterable, ERR_NOT_THERE\]/,
  ],
  "21-annotations.ts": [
    /note boat \{"start":16,"end":21\}/,
    /ferry ferry \{"timeMs":40\}\nferry arrival \{"begin":0,"end":0\.5\}/,
    /quay buoy \[0\.4,0\.5\]\nquay water "a mask"/,
    /read 3 = ok 3 \+ failed 0[\s\S]*read 3 = ok 3 \+ failed 0[\s\S]*read 3 = ok 3 \+ failed 0/,
  ],
  "20-undo.ts": [
    /removed: read 2 = ok 2[\s\S]*2 states are recorded in/,
    /would restore: [\s\S]*restored: read 3 = ok 3/,
    /now: \[\s*'undo-example-0: 1',\s*'undo-example-1: 1',\s*'undo-example-2: 1'\s*\]/,
  ],
  "23-datasets.ts": [
    /added: read 2 = ok 1 \+ failed 1[\s\S]*"dataset-example-nowhere" does not exist/,
    /merged: read 4 = ok 4/,
    /exported: \d+ bytes\ndataset-example-0 note 0\n/,
  ],
  "36-shards.ts": [
    /shard {4}1 of 4; \d+ items of the sources belong to other shards/,
    /three of four:[\s\S]*shard 4 of 4 has no journal/,
    /all of it: read (\d+) = ok \d+ \+ failed 0 \+ skipped \d+ \+ pending 0 {2}\(4 journals\)/,
  ],
  "25-jobs-on-the-server.ts": [
    /sent (\d+) of \1\nuploaded: done 5 inputs\npulled: done 5 inputs\nlabelled: done 5 inputs\nsplit: done 5 inputs/,
  ],
  "32-photo-archive.ts": [
    /takenAt: '2024-07-03T14:22:10\+02:00'[\s\S]*city: 'Rotterdam'/,
    /was dropped: it looks like .*; \d of 64 bits differ/,
  ],
  "33-takeout.ts": [/IMG_1-edited\.jpg 2023-05-31T10:13:20Z The night market \[ 'Ada' \] \{ longitude: 151\.2/],
  "22-copy.ts": [/copied: read 3 = ok 3 /, /compared: read 3 = ok 3 /],
  "notebooks/photo-archive.ts": [
    /8 photos, 2 albums\nharbour-[\s\S]*without a place: night market\.jpg, plan\.png, poster\.webp/,
    /market: stalls\.jpg: 151\.1957, -33\.8731 \(south\)/,
    /market: poster\.webp: nowhere yet/,
  ],
  "notebooks/text-corpus.ts": [
    /7 texts, 3 with emoji/,
    /12 sentences, the longest with 9 words\nread 12 = ok 12 [\s\S]*in the store: 12/,
  ],
  "notebooks/review-patch-delete.ts": [
    /8 inputs, drawn on them: hause\nno photographs: plan\.png, poster\.webp/,
    /delete: read 8 = ok 2 \+ failed 0 \+ skipped 6/,
    /quay\.jpg true undefined house 0\.1,0\.4,0\.4,0\.9/,
  ],
  "27-voc.ts": [/read 1 = ok 1 [\s\S]*quay\.jpg: boat \[0\.1,0\.1,0\.2,0\.2\]/],
  "37-annotation-tools.ts": [
    /labelMe: read 1 = ok 1 [\s\S]*VOC: polygon written as its box: 1/,
    /cvat: read 1 = ok 1 [\s\S]*labelStudio: read 1 = ok 1 [\s\S]*<xmin>\d+<\/xmin>/,
  ],
  "10-rxjs.ts": [/takes /, /ok 3/, /dropped by an operator/],
};

/** Runs one script in an empty folder, without environment variables that name a target, and without access to other machines. */
async function runScript(path: string, ...more: string[]): Promise<string> {
  const { PATH, HOME, NODE_OPTIONS } = process.env;
  const env = { PATH, HOME, NODE_OPTIONS, SLUICE_PLAIN_SCRIPTS: scriptsFile } as NodeJS.ProcessEnv;
  const args = ["--import", plainScripts, path, ...more];
  const cwd = await mkdtemp(join(tmpdir(), "sluice-example-"));
  try {
    const { stdout, stderr } = await run(process.execPath, args, { cwd, env });
    return stdout + stderr;
  } finally {
    await rm(cwd, { recursive: true });
  }
}

describe.concurrent("examples", () => {
  const scripts = ["", "notebooks/"].flatMap((folder) =>
    readdirSync(join(root, "examples", folder))
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}${name}`),
  );

  it.for(scripts)("%s does what it says", { timeout: 120_000 }, async (name, { expect }) => {
    const output = await runScript(join(root, "examples", name));
    expect(shows[name], "what it shows is listed above").toBeDefined();
    for (const pattern of shows[name] ?? []) expect(output).toMatch(pattern);
  });

  it("quickstart.ts accepts any folder, and fails with one line about the problem", { timeout: 120_000 }, async ({
    expect,
  }) => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-folder-"));
    await writeFile(join(folder, "empty.jpg"), "");
    await copyFile(join(root, "examples/data/harbour/quay.jpg"), join(folder, "quay.jpg"));
    const script = join(root, "examples/quickstart.ts");
    const [mixed, missing] = await Promise.all([
      runScript(script, folder).catch((error: { code: number; stdout: string }) => error),
      runScript(script, `${folder}/none`).catch((error: { code: number; stderr: string }) => error),
    ]);
    await rm(folder, { recursive: true });
    expect(mixed).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/empty\.jpg is empty[\s\S]*1 files are byte for byte/),
    });
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^folder: .*none cannot be read: ENOENT.*\n$/),
    });
  });
});
