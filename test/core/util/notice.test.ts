import { PassThrough, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { writeNotice } from "../../../src/core/util/notice.js";

it("has one listener for all open writes, and none after the last", async () => {
  const written: string[] = [];
  const finish: (() => void)[] = [];
  const slow = new Writable({
    write(text, _, callback) {
      written.push(String(text));
      finish.push(callback);
    },
  });
  const texts = Array.from({ length: 30 }, (_, number) => `notice ${number}\n`);
  for (const text of texts) writeNotice(text, slow);
  expect(slow.listenerCount("error")).toBe(1);
  while (written.length < texts.length) {
    finish.shift()?.();
    await sleep(0);
  }
  expect(slow.listenerCount("error")).toBe(1);
  finish.shift()?.();
  await vi.waitFor(() => expect(slow.listenerCount("error")).toBe(0));
  expect(written).toEqual(texts);
});

it("ignores the errors of its own writes, and later writes of the program still fail", async () => {
  const stream = new PassThrough();
  stream._transform = (_chunk, _encoding, callback) => callback(new Error("gone"));
  for (let count = 0; count < 30; count += 1) writeNotice("a notice\n", stream);
  await vi.waitFor(() => expect(stream.listenerCount("error")).toBe(0));
  expect(stream.destroyed).toBe(true);
  writeNotice("another\n", stream);
  expect(stream.listenerCount("error")).toBe(0);
});
