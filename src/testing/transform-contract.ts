/** The contract of a transform, as a suite. */

import type { OperatorFunction } from "rxjs";
import { describe, expect, it } from "vitest";
import { flow } from "../core/flow.js";
import type { InputDraft } from "../core/input.js";
import type { Message } from "../core/message.js";
import type { Source } from "../core/plugin.js";

/** What `testTransform` needs. */
export interface TransformFixture {
  transform: OperatorFunction<Message, Message>;
  /** Three inputs or more that it lets through. */
  inputs: readonly InputDraft[];
}

/**
 * Tests what every transform must do: it leaves the inputs that it gets unchanged, keeps their order, accounts for each of them, and gives the
 * same result twice. `create` gives a fresh transform for each test.
 *
 * @example testTransform("shout", async () => ({ transform: shout(), inputs: [{ id: "a", text: "a" }] }));
 */
export function testTransform(name: string, create: () => Promise<TransformFixture>): void {
  const sourceOf = (inputs: readonly InputDraft[]): Source => ({
    name: "fixture",
    *read() {
      for (const [index, input] of inputs.entries()) yield { origin: `fixture:${index + 1}`, input };
    },
  });

  describe(`${name} as a transform`, () => {
    it("leaves its inputs unchanged", async () => {
      const { transform, inputs } = await create();
      const before = structuredClone(inputs);
      await flow(sourceOf(inputs)).pipe(transform).run();
      expect(inputs).toEqual(before);
    });

    it("accounts for every input", async () => {
      const { transform, inputs } = await create();
      const { counts } = await flow(sourceOf(inputs)).pipe(transform).run();
      expect(counts.read).toBe(inputs.length);
      expect(counts.ok + counts.failed + counts.skipped + counts.pending).toBe(inputs.length);
    });

    it("gives the same result twice", async () => {
      const { transform, inputs } = await create();
      const first = await flow(sourceOf(inputs)).pipe(transform).toArray();
      const second = await flow(sourceOf(inputs)).pipe(transform).toArray();
      expect(second).toEqual(first);
    });

    it("passes messages on one by one, in order", async () => {
      const { transform, inputs } = await create();
      const order: string[] = [];
      await new Promise<void>((resolve, reject) => {
        flow(sourceOf(inputs))
          .pipe(transform)
          .subscribe({ next: (message) => order.push(message.origin), complete: resolve, error: reject });
      });
      const places = order.map((origin) => Number(origin.split(":")[1]));
      expect(places).toEqual([...places].sort((one, other) => one - other));
    });
  });
}
