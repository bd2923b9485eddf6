import { describe, expect, it, vi } from "vitest";
import { FinishedIds } from "../../../src/core/accounting/ids/finished-ids.js";

describe("FinishedIds", () => {
  it("finds an id that was given, and ids that are made from origins", () => {
    const ids = new FinishedIds();
    const idOf = (origin: string) => (origin.endsWith("none") ? undefined : `id-of-${origin}`);
    ids.add("given", "a table:1");
    for (let n = 0; n < 600; n += 1) ids.add(idOf, `photos/sub-${n % 7}/ä-${n}`);
    ids.add(idOf, "photos/none");
    expect(ids.find("given")?.origin).toBe("a table:1");
    for (const n of [0, 255, 256, 599]) {
      const origin = `photos/sub-${n % 7}/ä-${n}`;
      expect(ids.find(`id-of-${origin}`)?.origin).toBe(origin);
    }
    expect(ids.find("id-of-photos/none")).toBeUndefined();
  });

  it("makes no id before one is looked for, and each id once", () => {
    const idOf = vi.fn((origin: string) => `id-of-${origin}`);
    const ids = new FinishedIds();
    ids.add(idOf, "a");
    ids.add(idOf, "b");
    expect(idOf).not.toHaveBeenCalled();
    expect(ids.find("id-of-b")?.origin).toBe("b");
    ids.add(idOf, "c");
    expect(ids.find("id-of-a")?.origin).toBe("a");
    expect(ids.find("id-of-c")?.origin).toBe("c");
    expect(idOf).toHaveBeenCalledTimes(3);
  });
});
