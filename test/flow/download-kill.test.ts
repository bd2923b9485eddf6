/** A download that is killed, and the run that resumes it. */

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { download, flow, fromIterable } from "../../src/index.js";
import { startScript } from "../helpers/children.js";
import { askedIn, serve } from "../helpers/contents.js";
import { exampleBytes } from "../helpers/files.js";
import { temporaryFolder } from "../helpers/store.js";
import { startWeb } from "../helpers/web.js";

const photo = exampleBytes("harbour/quay.jpg");
const large = Buffer.concat([exampleBytes("media/ferry.mp4"), randomBytes(3_000_000)]);

let stalls = true;
let range: string | undefined;
const web = await startWeb({
  "/photo": (response, request) => serve(request, response, { bytes: photo }),
  "/large": (response, request) => {
    range = askedIn(request).range;
    if (!stalls) return serve(request, response, { bytes: large, etag: '"v1"' });
    response.writeHead(200, { "content-length": large.length, etag: '"v1"' });
    response.write(large.subarray(0, 2_000_000));
  },
});

it("a killed download resumes: no file is fetched twice or damaged", async () => {
  const out = temporaryFolder();
  const inputs = [
    { id: "large", video: { url: `${web.origin}/large` } },
    ...Array.from({ length: 20 }, (_, n) => ({ id: `n${n}`, image: { url: `${web.origin}/photo` } })),
  ];
  const script = `import { download, flow, fromIterable } from "sluice";
    await flow(fromIterable(${JSON.stringify(inputs)})).pipe(download(${JSON.stringify(out)}, { allowPrivate: true })).run();`;
  const child = startScript(script);
  const namesIn = (ending: string) => readdirSync(out).filter((name) => name.endsWith(ending));
  const linesIn = () => readFileSync(join(out, "manifest.jsonl"), "utf8").split("\n").filter(Boolean);
  await vi.waitFor(
    () => {
      const [part = "none"] = namesIn(".part");
      expect(statSync(join(out, part)).size).toBeGreaterThanOrEqual(1024 * 1024);
      expect(linesIn()).toHaveLength(20);
    },
    { interval: 10, timeout: 20_000 },
  );
  child.kill("SIGKILL");
  await once(child, "exit");

  stalls = false;
  const report = await flow(fromIterable(inputs))
    .pipe(download(out, { allowPrivate: true }))
    .run();
  expect(report.counts).toMatchObject({ ok: 1, skipped: 20, failed: 0 });
  expect(Number(/\d+/.exec(range ?? "")?.[0])).toBeGreaterThanOrEqual(1024 * 1024);
  expect(readFileSync(join(out, "large.mp4")).equals(large)).toBe(true);
  expect(namesIn(".part")).toEqual([]);
  expect(namesIn(".jpg").filter((name) => !readFileSync(join(out, name)).equals(photo))).toEqual([]);
  const sha256 = createHash("sha256").update(large).digest("hex");
  expect(linesIn().map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({ id: "large", sizeBytes: large.length, sha256 }),
  );
});
