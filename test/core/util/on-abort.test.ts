import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { onAbort } from "../../../src/core/util/on-abort.js";

it("calls every callback once, in order", () => {
  const { signal, abort } = controlled();
  const called: number[] = [];
  for (const number of [1, 2, 3]) onAbort(signal, () => called.push(number));
  abort();
  abort();
  expect(called).toEqual([1, 2, 3]);
});

it("has one listener for all callbacks, and none after the last was taken back", () => {
  const { signal } = controlled();
  const unlinks = Array.from({ length: 30 }, () => onAbort(signal, () => undefined));
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  for (const unlink of unlinks) unlink();
  for (const unlink of unlinks) unlink();
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

it("does not call a callback that was taken back, also by an earlier callback", () => {
  const { signal, abort } = controlled();
  const called: string[] = [];
  onAbort(signal, () => {
    called.push("first");
    unlink();
  });
  const unlink = onAbort(signal, () => called.push("second"));
  onAbort(signal, () => called.push("third"));
  abort();
  expect(called).toEqual(["first", "third"]);
});

it("listens again after all callbacks were taken back", () => {
  const { signal, abort } = controlled();
  const called: string[] = [];
  onAbort(signal, () => called.push("first"))();
  onAbort(signal, () => called.push("second"));
  abort();
  expect(called).toEqual(["second"]);
});

it("calls the other callbacks if one throws, and throws its error", () => {
  let listener = () => {};
  const signal = { addEventListener: (_: string, added: () => void) => void (listener = added) };
  const called: string[] = [];
  onAbort(signal as unknown as AbortSignal, () => {
    throw new Error("broken");
  });
  onAbort(signal as unknown as AbortSignal, () => called.push("second"));
  expect(() => listener()).toThrow("broken");
  expect(called).toEqual(["second"]);
});

function controlled() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
