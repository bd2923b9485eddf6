/** The contract of a transform, as a suite. */

import { tap } from "rxjs";
import { describe, expect, it } from "vitest";
import type { Message } from "../core/accounting/message.js";
import { flow } from "../core/flow/flow.js";
import type { Input, InputDraft } from "../core/input/input.js";
import { admit } from "../core/input/normalize.js";
import type { Stage } from "../core/plugin/stage.js";
import type { Report } from "../core/report/report.js";
import { fixtureSource, within, witness } from "./fixture-source.js";

/** What `testTransform` needs. */
export interface TransformFixture {
  transform: Stage<Message, Message>;
  /** Three inputs or more; some of them may be dropped, and some may fail. */
  inputs: readonly InputDraft[];
}

/** What a run made of the fixture. */
interface Made {
  report: Report;
  /** The inputs as the transform got them: a copy from before, and what they are after it. */
  before: readonly Input[];
  after: readonly Input[];
  results: readonly Message[];
}

/**
 * Tests what every transform must do: it leaves the inputs that it gets unchanged, keeps their order, accounts for each of them, and gives the
 * same result twice, in the shape of inputs. `create` gives a fresh transform for each test.
 *
 * @example testTransform("shout", async () => ({ transform: shout(), inputs: [{ id: "a", text: "a" }] }));
 */
export function testTransform(name: string, create: () => Promise<TransformFixture>): void {
  describe(`${name} as a transform`, () => {
    it("leaves its inputs unchanged", async () => {
      const { before, after, report } = await made(await create());
      expect(after, `${name}: it must give a changed copy, { ...input, … }, and leave the input that it gets`).toEqual(
        before,
      );
      const frozen = report.failures.filter(({ reason }) => /not extensible|read.only property/.test(reason));
      const reasons = frozen.map(({ origin, reason }) => `${origin}: ${reason}`);
      expect(reasons, `${name}: it must give a changed copy, down to lists and metadata that it changes`).toEqual([]);
    });

    it("accounts for every input", async () => {
      const fixture = await create();
      const { counts } = (await made(fixture)).report;
      expect(counts.read).toBe(fixture.inputs.length);
      expect(counts.ok + counts.failed + counts.skipped + counts.pending).toBe(counts.read);
    });

    it("gives the same result twice", async () => {
      const fixture = await create();
      const [first, second] = [outcomes(await made(fixture)), outcomes(await made(fixture))];
      expect(second, `${name}: run again, the same input must become the same`).toEqual(first);
    });

    it("gives inputs", async () => {
      const { report, results } = await made(await create());
      const wrong = report.failures.filter(({ code }) => code === "ERR_TRANSFORM_RESULT").map(({ reason }) => reason);
      for (const { value, origin } of results) {
        const problem = await Promise.resolve()
          .then(() => admit(value as InputDraft, origin))
          .then(() => undefined, String);
        if (problem !== undefined) wrong.push(`${origin}: ${problem}`);
      }
      expect(wrong, `${name}: results that have not the shape of an input`).toEqual([]);
    });

    it("passes messages on one by one, in order", async () => {
      const { results } = await made(await create());
      const places = results.map(({ origin }) => Number(origin.split(":")[1]));
      const inOrder = [...places].sort((one, other) => one - other);
      expect(places, `${name}: results must keep the order of the inputs`).toEqual(inOrder);
    });
  });

  async function made({ transform, inputs }: TransformFixture): Promise<Made> {
    const { before, after, look } = witness();
    const results: Message[] = [];
    const running = flow(fixtureSource(inputs))
      .pipe(
        look,
        transform,
        tap((message) => results.push(message)),
      )
      .run();
    const report = await within(running, `${name}: it has not done with its inputs; does each promise of apply end?`);
    return { report, before, after, results };
  }

  /** What came out, and what became of the rest. */
  function outcomes({ results, report }: Made): unknown {
    const { counts, failures } = report;
    return { counts, failures: failures.map(({ id, code }) => [id, code]), results: results.map(({ value }) => value) };
  }
}
