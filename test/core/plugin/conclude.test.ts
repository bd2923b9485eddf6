/** What a transform says about all inputs together, and what it does when an input is settled. */

import { readFileSync } from "node:fs";
import { filter } from "rxjs";
import { describe, expect, it } from "vitest";
import { defineTransform, filterInputs, flow, fromIterable, transform } from "../../../src/index.js";
import { tempFolder } from "../../helpers/files.js";

const temp = tempFolder();
const drafts = ["a", "b", "c"].map((id) => ({ id, text: id }));
const counting = defineTransform({
  name: "counting",
  open: () => ({ count: 0 }),
  apply(input, _, { state, note }) {
    state.count += 1;
    note("counted");
    return input;
  },
  conclude: ({ state }) => [`counted ${state.count} <inputs>`],
});

describe("conclude", () => {
  it("adds lines to the report, the plan and the page, anew in each run", async () => {
    const counted = flow(fromIterable(drafts)).pipe(counting());
    const expected = [{ stage: "counting", lines: ["counted 3 <inputs>"] }];
    const report = await counted.run();
    expect(report.conclusions).toEqual(expected);
    expect(report.summary()).toContain("  counting\n    counted 3 <inputs>");
    const path = `${temp}/report.html`;
    await report.writeHtml(path);
    expect(readFileSync(path, "utf8")).toContain("counted 3 &lt;inputs&gt;");

    const plan = await counted.plan();
    expect(plan.conclusions).toEqual(expected);
    expect(plan.notes).toEqual({ counted: 3 });
    expect(plan.summary()).toMatch(/ok, counted: 3\n {2}counting\n {4}counted 3/);
  });

  it("says nothing if no input reached the transform", async () => {
    const report = await flow(fromIterable(drafts))
      .pipe(
        filterInputs(() => false),
        counting(),
      )
      .run();
    expect(report.conclusions).toEqual([]);
  });

  it("names an error of the transform, and keeps the report", async () => {
    const broken = defineTransform({
      name: "broken",
      apply: (input) => input,
      conclude: () => {
        throw new Error("no lines");
      },
    });
    const report = await flow(fromIterable(drafts)).pipe(broken()).run();
    expect(report.conclusions).toEqual([{ stage: "broken", lines: ["conclude failed: no lines"] }]);
    expect(report.counts.ok).toBe(3);
  });
});

describe("whenSettled", () => {
  it("calls the function once, after the last part has its outcome", async () => {
    const events: string[] = [];
    const split = transform((input, { whenSettled }) => {
      whenSettled(() => void events.push(`closed ${input.id}`));
      return [input, { ...input, id: `${input.id}-2` }];
    });
    const read = transform((input) => {
      events.push(input.id);
      return input;
    });
    const report = await flow(fromIterable(drafts.slice(0, 2)))
      .pipe(split, read)
      .run();
    expect(report.counts.ok).toBe(2);
    expect(events.toSorted()).toEqual(["a", "a-2", "b", "b-2", "closed a", "closed b"]);
    expect(events.indexOf("closed a")).toBeGreaterThan(events.indexOf("a-2"));
  });

  it("calls it for inputs that fail, that an operator drops, and that a stop leaves pending", async () => {
    const closed: string[] = [];
    const marked = transform((input, { whenSettled }) => {
      whenSettled(async () => void closed.push(input.id));
      if (input.id === "a") throw new Error("not this one");
      return input;
    });
    await flow(fromIterable(drafts))
      .pipe(
        marked,
        filter(() => false),
      )
      .run();
    expect(closed.toSorted()).toEqual(["a", "b", "c"]);

    closed.length = 0;
    const abort = new AbortController();
    const stop = transform(() => {
      abort.abort();
      return new Promise<undefined>(() => undefined);
    });
    const report = await flow(fromIterable(drafts.slice(1, 2)))
      .pipe(marked, stop)
      .run({ signal: abort.signal });
    expect(report.counts.pending).toBe(1);
    expect(closed).toEqual(["b"]);
  });

  it("ends the run with the error of the function", async () => {
    const marked = transform((input, { whenSettled }) => {
      whenSettled(() => Promise.reject(new Error("the folder is in use")));
      return input;
    });
    await expect(flow(fromIterable(drafts)).pipe(marked).run()).rejects.toThrow("the folder is in use");
  });
});
