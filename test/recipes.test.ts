/** Runs the programs of the recipes and of the README as a user would, and compares what they print with the pages. */

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { transformSync } from "esbuild";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawScene } from "../scripts/screenshot-scenes.js";
import { flow, fromIterable, writeCoco } from "../src/index.js";

const root = join(import.meta.dirname, "..");
const work = mkdtempSync(join(tmpdir(), "sluice-recipes-"));
afterAll(() => rm(work, { recursive: true }));

interface Program {
  page: string;
  code: string;
  /** The block after "It prints:". */
  output: string;
  /** Files that the page shows, by their names. */
  files: [name: string, text: string][];
}

/** The programs of the pages: blocks that import Sluice, and have their output behind them. */
const programs = readdirSync(join(root, "docs/recipes"))
  .filter((name) => name !== "README.md")
  .flatMap((name) => programsOf(name, readFileSync(join(root, "docs/recipes", name), "utf8")));

function programsOf(page: string, text: string): Program[] {
  const files = [...text.matchAll(/^```\w+ title="(.+)"\n([\s\S]*?)^```/gm)].map(
    ([, name = "", file = ""]): [string, string] => [name, file],
  );
  const blocks = text.matchAll(
    /^```ts\n([\s\S]*?)^```\n(?:(?!^```ts)[\s\S])*?^It prints:\n\n```text\n([\s\S]*?)^```/gm,
  );
  return [...blocks].map(([, code = "", output = ""]) => ({ page, code, output, files }));
}

/** Makes the sample data in the folder of a program: photographs, the same as COCO, and images with captions. */
async function prepare(folder: string, { page, code, files }: Program): Promise<void> {
  const write = (name: string, data: string | Buffer) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), data);
  };
  const names = ["harbour/quay.jpg", "market/stalls.jpg", "valley/trees.jpg", "harbour/ferry.jpg"];
  const scenes = await Promise.all(names.map(async (name, n) => ({ ...(await drawScene(n)), name })));
  for (const { name, jpeg } of scenes) write(`photos/${name}`, jpeg);
  const [quay, stalls] = scenes;
  if (page === "near-duplicates.md" && quay && stalls) {
    write("photos/copies/quay-small.jpg", await sharp(quay.jpeg).resize(240).jpeg({ quality: 70 }).toBuffer());
    write("photos/copies/stalls.jpg", stalls.jpeg);
  }
  if (page === "captions.md" && quay) {
    for (const name of ["quay.jpg", "ferry.jpg"]) write(`captioned/${name}`, quay.jpeg);
    write("captioned/quay.txt", "A quay in the morning, with two boats.");
    write("captioned/quay.json", '{"place": "Rotterdam"}');
  }
  if (code.includes("coco(")) {
    const pier: { polygon: [number, number][]; concepts: string[] } = {
      polygon: [
        [0.6, 0.7],
        [0.9, 0.7],
        [0.9, 0.9],
      ],
      concepts: ["pier"],
    };
    const inputs = scenes.map(({ name, annotations }) => ({
      image: { path: join(folder, "photos", name) },
      annotations: [...annotations, pier],
    }));
    await flow(fromIterable(inputs))
      .pipe(writeCoco(join(folder, "coco")))
      .run();
  }
  for (const [name, text] of files) write(name, text);
  write("job.mjs", transformSync(code, { loader: "ts", target: "node20" }).code);
}

/** Matches text in which the page has `…` for what differs, and leaves out lines that are `…` alone. */
function patternOf(output: string): RegExp {
  const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const lines = output.trimEnd().split("\n");
  return new RegExp(
    `^${lines.map((line) => (line.trim() === "…" ? "[\\s\\S]*?" : line.split("…").map(escaped).join(".*"))).join("\\n")}\\n$`,
  );
}

/** The folder for the programs of the README, which work on one store one after the other. */
const readme = join(work, "readme");

async function prepareReadme(): Promise<void> {
  const page = readFileSync(join(root, "README.md"), "utf8");
  const codes = [...page.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code = ""]) => code);
  const imports = codes.map((_, n) => `await import("./program-${n + 1}.mjs");`).join("\n");
  await prepare(readme, { page: "README.md", code: imports, output: "", files: [["photos/broken.jpg", "broken"]] });
  for (const [n, code] of codes.entries()) writeFileSync(join(readme, `program-${n + 1}.mjs`), code);
}

let outputs: Record<string, string>;
beforeAll(async () => {
  mkdirSync(join(work, "node_modules"));
  symlinkSync(root, join(work, "node_modules/sluice"));
  symlinkSync(join(root, "node_modules/zod"), join(work, "node_modules/zod"));
  const folders = programs.map((_, n) => join(work, `${n}`));
  await Promise.all(programs.map((program, n) => prepare(folders[n] ?? "", program)));
  await prepareReadme();
  folders.push(readme);
  // One process runs all programs, since most of the time of a process goes into loading the library.
  const runner = `
    const outputs = {};
    for (const folder of process.argv.slice(1)) {
      process.chdir(folder);
      outputs[folder] = "";
      const log = console.log;
      console.log = (...args) => { outputs[folder] += format(...args) + "\\n"; };
      try { await import(folder + "/job.mjs"); } finally { console.log = log; }
    }
    process.exitCode = 0;
    console.log(JSON.stringify(outputs));`;
  const script = `import { format } from "node:util";${runner}`;
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (name.startsWith("CLARIFAI_")) delete env[name];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", script, ...folders],
    { cwd: work, env },
  );
  outputs = JSON.parse(stdout);
}, 60_000);

describe("a recipe", () => {
  it("has a page in the list", () => {
    const pages = readdirSync(join(root, "docs/recipes")).filter((name) => name !== "README.md");
    const list = readFileSync(join(root, "docs/recipes/README.md"), "utf8");
    const listed = [...list.matchAll(/^\| .*\]\((.+)\) \|$/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual(pages.sort());
    expect(programs.length).toBeGreaterThan(8);
  });

  it.each(programs.map(({ page, output }, n) => ({ page, output, n })))("prints what $page says", ({ output, n }) => {
    expect(outputs[join(work, `${n}`)]).toMatch(patternOf(output));
  });
});

describe("the README", () => {
  it("has programs that run one after the other", () => {
    const counts = [...(outputs[readme] ?? "").matchAll(/^read .*skipped \d+/gm)].map(([line]) => line);
    expect(counts).toEqual(["read 5 = ok 4 + failed 1 + skipped 0", "read 4 = ok 4 + failed 0 + skipped 0"]);
    expect(outputs[readme]).toContain("checked: true");
  });
});
