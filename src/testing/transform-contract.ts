/** The contract of a transform, as a test suite. */

import { tap } from "rxjs";
import { describe, expect, it } from "vitest";
import type { Message } from "../core/accounting/message.js";
import { flow } from "../core/flow/flow.js";
import type { Input, InputDraft } from "../core/input/input.js";
import { normalize } from "../core/input/normalize.js";
import type { Stage } from "../core/plugin/stage.js";
import type { Report } from "../core/report/report.js";
import { fixtureSource, recordInputs, within } from "./fixture-source.js";

/** What `testTransform` needs. */
export interface TransformFixture {
  transform: Stage<Message, Message>;
  /** At least three inputs. The transform may drop some of them, and some may fail. */
  inputs: readonly InputDraft[];
}

/** The result of a run with the fixture. */
interface Result {
  report: Report;
  /** Copies of the inputs, made before the transform received them. */
  copies: readonly Input[];
  /** The inputs themselves, after the run. */
  originals: readonly Input[];
  results: readonly Message[];
}

/**
 * Tests the contract of a transform: it leaves the received inputs unchanged, keeps their order, accounts for each of them, and emits valid inputs, the
 * same ones in a second run. Calls `create` for a new transform in each test.
 *
 * @example
 * const shout = defineTransform({ name: "shout", apply: (input) => ({ ...input, text: input.text?.toUpperCase() }) });
 * testTransform("shout", async () => ({ transform: shout(), inputs: [{ id: "a", text: "a" }] }));
 */
export function testTransform(name: string, create: () => Promise<TransformFixture>): void {
  describe(`${name} as a transform`, () => {
    it("leaves its inputs unchanged", async () => {
      const { copies, originals, report } = await run(name, await create());
      const text = `${name}: it must return a changed copy, { ...input, … }, and leave the received input unchanged`;
      expect(originals, text).toEqual(copies);
      const frozen = report.failures.filter(({ reason }) => /not extensible|read.only property/.test(reason));
      const reasons = frozen.map(({ origin, reason }) => `${origin}: ${reason}`);
      expect(reasons, `${name}: it must return a changed copy, also of the lists and metadata that it changes`).toEqual(
        [],
      );
    });

    it("accounts for every input", async () => {
      const fixture = await create();
      const { counts } = (await run(name, fixture)).report;
      expect(counts.read).toBe(fixture.inputs.length);
      expect(counts.ok + counts.failed + counts.skipped + counts.pending).toBe(counts.read);
    });

    it("returns the same result in a second run", async () => {
      const fixture = await create();
      const [first, second] = [outcomes(await run(name, fixture)), outcomes(await run(name, fixture))];
      expect(second, `${name}: the same input must have the same result in a second run`).toEqual(first);
    });

    it("returns valid inputs", async () => {
      const { report, results } = await run(name, await create());
      const invalid = report.failures.filter(({ code }) => code === "ERR_TRANSFORM_RESULT").map(({ reason }) => reason);
      for (const { value, origin } of results) {
        const problem = await Promise.resolve()
          .then(() => normalize(value as InputDraft, origin))
          .then(() => undefined, String);
        if (problem !== undefined) invalid.push(`${origin}: ${problem}`);
      }
      expect(invalid, `${name}: its results must be valid inputs`).toEqual([]);
    });

    it("emits messages in the order of the inputs", async () => {
      const { results } = await run(name, await create());
      const positions = results.map(({ origin }) => Number(origin.split(":")[1]));
      const inOrder = positions.toSorted((one, other) => one - other);
      expect(positions, `${name}: its results must keep the order of the inputs`).toEqual(inOrder);
    });
  });
}

async function run(name: string, { transform, inputs }: TransformFixture): Promise<Result> {
  const { copies, originals, record } = recordInputs();
  const results: Message[] = [];
  const running = flow(fixtureSource(inputs))
    .pipe(
      record,
      transform,
      tap((message) => results.push(message)),
    )
    .run();
  const report = await within(running, `${name}: it does not finish its inputs; does every promise of apply settle?`);
  return { report, copies, originals, results };
}

/** Returns the results, the counts and the failures for a comparison. */
function outcomes({ results, report }: Result): unknown {
  const { counts, failures } = report;
  return { counts, failures: failures.map(({ id, code }) => [id, code]), results: results.map(({ value }) => value) };
}
