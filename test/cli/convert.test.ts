/** `sluice convert`, as a user runs it: recognized sources, losses, kills, two processes, wrong arguments. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { startCommand } from "../helpers/command.js";
import { temporaryFolder } from "../helpers/store.js";

async function cocoFolder(images: number): Promise<string> {
  const cwd = temporaryFolder();
  mkdirSync(join(cwd, "set/annotations"), { recursive: true });
  mkdirSync(join(cwd, "set/images"));
  const png = await sharp({ create: { width: 10, height: 8, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  const list = Array.from({ length: images }, (_, n) => ({ id: n + 1, file_name: `${n}.png`, width: 10, height: 8 }));
  for (const { file_name } of list) writeFileSync(join(cwd, "set/images", file_name), png);
  const annotations = list.map(({ id }) => ({
    ...{ id, image_id: id, category_id: 5, bbox: [1, 2, 3, 4], area: 9, iscrowd: 0 },
    segmentation: [[1, 2, 4, 2, 4, 6]],
  }));
  const categories = [{ id: 5, name: "cat" }];
  writeFileSync(
    join(cwd, "set/annotations/instances_val2017.json"),
    JSON.stringify({ images: list, annotations, categories }),
  );
  return cwd;
}

it("converts COCO to YOLO and back, and prints where the losses are", { timeout: 60_000 }, async () => {
  const cwd = await cocoFolder(3);
  const sluice = (...args: string[]) => startCommand(["convert", ...args], { cwd, env: {} }).ended;
  const first = await sluice("set", "--to", "yolo:out");
  expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining("YOLO: polygon written as its box: 3") });
  expect(first.stderr).toContain("losses.jsonl has what the format cannot express");
  expect(readFileSync(join(cwd, "out/labels/val/0.txt"), "utf8")).toBe("0 0.25 0.5 0.3 0.5\n");
  expect(readFileSync(join(cwd, "out/data.yaml"), "utf8")).toMatch(
    /^train: images\/val\nval: images\/val\nnc: 1\nnames:\n {2}0: cat\n/m,
  );
  const again = await sluice("set", "--to", "yolo:out", "--json");
  expect(JSON.parse(again.stdout)).toMatchObject({ counts: { read: 3, ok: 0, skipped: 3 } });
  const back = await sluice("out", "--to", "coco:back", "--media", "link");
  expect(back).toMatchObject({ code: 0, stdout: expect.stringContaining("read 3 = ok 3") });
  const labels = JSON.parse(readFileSync(join(cwd, "back/annotations/instances_val.json"), "utf8"));
  expect(labels.annotations.map(({ bbox }: { bbox: number[] }) => bbox)).toEqual([1, 2, 3].map(() => [1, 2, 3, 4]));

  expect(await sluice("set", "--to", "out")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("FORMAT:FOLDER"),
  });
  expect(await sluice("set", "--to", "yolo:set")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("empty folder"),
  });
  expect(await sluice("set", "--to", "yolo:planned", "--dry-run")).toMatchObject({ code: 0 });
  expect(existsSync(join(cwd, "planned"))).toBe(false);
});

it("continues a conversion that was killed, and refuses a second process", { timeout: 120_000 }, async () => {
  const images = 1500;
  const cwd = await cocoFolder(images);
  const args = ["convert", "set", "--to", "coco:out", "--journal", "convert.journal"];
  const killed = startCommand(args, { cwd, env: {} });
  const copies = () => (existsSync(join(cwd, "out/images/val")) ? readdirSync(join(cwd, "out/images/val")).length : 0);
  while (copies() < 200) await new Promise((resolve) => setTimeout(resolve, 5));
  const second = await startCommand(["convert", "set", "--to", "coco:out"], { cwd, env: {} }).ended;
  // The first one may have ended before the second one began.
  if (second.code !== 0) expect(second.stderr).toContain("writes into out");
  killed.child.kill("SIGKILL");
  await killed.ended;
  const rest = await startCommand(args, { cwd, env: {} }).ended;
  expect(rest.code).toBe(0);
  const labels = JSON.parse(readFileSync(join(cwd, "out/annotations/instances_val.json"), "utf8"));
  expect(new Set(labels.images.map(({ file_name }: { file_name: string }) => file_name)).size).toBe(images);
  expect(labels.annotations).toHaveLength(images);
  expect(readdirSync(join(cwd, "out/images/val")).sort()).toEqual(
    labels.images.map(({ file_name }: { file_name: string }) => file_name).sort(),
  );
});
