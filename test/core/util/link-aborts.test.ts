/** Linked abort signals. */

import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { linkAborts } from "../../../src/core/util/link-aborts.js";

it("aborts with the reason of the first signal", () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const { controller } = linkAborts(one.signal, undefined, other.signal);
  other.abort("second");
  one.abort("first");
  expect(controller.signal.reason).toBe("second");
});

it("is aborted at once by a signal that was aborted before", () => {
  expect(linkAborts(AbortSignal.abort("before")).controller.signal.reason).toBe("before");
});

it("leaves no listener behind when it is unlinked", () => {
  const { signal } = new AbortController();
  const { unlink } = linkAborts(signal);
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  unlink();
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});
