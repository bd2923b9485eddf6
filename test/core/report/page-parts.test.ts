/** Parts of a report's page: next steps, explanations of codes, colours and labels. */

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ClassColours } from "../../../src/core/report/page/class-colours.js";
import { errorHelp } from "../../../src/core/report/page/error-help.js";
import { placeLabels } from "../../../src/core/report/page/labels.js";
import { pageOf } from "../../../src/core/report/page/page.js";
import { Sample } from "../../../src/core/report/sample.js";
import { flow, fromIterable, InputError, transform } from "../../../src/index.js";
import { sinkOf } from "../../helpers/flows.js";
import { temporaryFolder } from "../../helpers/store.js";

const inputs = Array.from({ length: 30 }, (_, n) => ({
  id: `t${n}`,
  text: `text ${n}`,
  datasets: [n < 10 ? "val" : "train"],
  concepts: [{ id: n % 2 ? "odd" : "even" }, { id: "absent", value: 0 }],
}));
const everyThird = transform((input) => {
  const n = Number(input.id.slice(1));
  if (n % 3 === 0) throw new InputError("ERR_FILE_EMPTY", `https://x.test/${n}.txt is empty`);
  return input;
});

describe("the report of a run", () => {
  it("has the source, the stages, the time and the counts by kind, class and dataset", async () => {
    const before = Date.now();
    const report = await flow(fromIterable(inputs))
      .pipe(
        everyThird,
        sinkOf(() => undefined),
      )
      .run();
    expect(report.sources).toEqual([{ name: "fromIterable" }]);
    expect(report.stages).toEqual(["transform", "testSink"]);
    expect(Math.abs(Date.parse(report.startedAt) - before)).toBeLessThan(60_000);
    expect(report.tallies).toEqual({
      kinds: [{ name: "text", inputs: 30, ok: 20 }],
      classes: [
        { name: "even", inputs: 15, ok: 10 },
        { name: "odd", inputs: 15, ok: 10 },
      ],
      datasets: [
        { name: "train", inputs: 20, ok: 14 },
        { name: "val", inputs: 10, ok: 6 },
      ],
    });
    expect(JSON.parse(JSON.stringify(report)).tallies).toEqual(report.tallies);
    expect(report.next).toEqual([]);
  });

  it("names the next step: the dead letters of failed inputs, and the journal of a stopped run", async () => {
    const folder = temporaryFolder();
    const [journal, deadLetters] = [join(folder, "j"), join(folder, "failed.jsonl")];
    const failed = await flow(fromIterable(inputs))
      .pipe(
        everyThird,
        sinkOf(() => undefined),
      )
      .run({ journal, deadLetters });
    expect(failed.next).toEqual([
      `correct the causes, then process the 10 failed inputs again: read ${deadLetters} with deadLetters()`,
    ]);
    expect(failed.summary()).toContain(`  next     ${failed.next[0]}`);
    const commands = { again: "sluice upload x", replay: "sluice replay y" };
    const stop = new AbortController();
    const stopping = sinkOf(async () => stop.abort());
    const stopped = await flow(fromIterable(inputs))
      .pipe(everyThird, stopping)
      .run({ journal: join(folder, "k"), deadLetters, commands, signal: stop.signal });
    expect(stopped.next[0]).toBe(
      `run the same command again: sluice upload x (it resumes: ${join(folder, "k")} has the finished inputs)`,
    );
    expect(stopped.next[1]).toMatch(/^correct the causes, .* again: sluice replay y$/);
  });

  it("explains each code on its page, and counts failures whose reasons differ in names as one", async () => {
    const report = await flow(fromIterable(inputs)).pipe(everyThird).run();
    const page = await pageOf(report, new Sample());
    expect(page).toContain("The file or the bytes have length 0.");
    expect(page).toContain("<b>10</b> × … is empty");
    expect(errorHelp("30100")?.happened).toBe("An input with this id already exists.");
    expect(errorHelp("30105")?.fix).toBe("See limits.");
    expect(errorHelp("ERR_OF_MY_OWN")).toBeUndefined();
  });
});

describe("the boxes on a card", () => {
  it("have one colour for each class, and different ones for the ten most frequent", () => {
    const names = Array.from({ length: 10 }, (_, n) => `class ${n}`);
    const annotations = names.flatMap((id) => [{ concepts: [{ id }] }, { concepts: [{ id }] }]);
    const colours = new ClassColours([{ annotations }, { annotations: [{ concepts: [{ id: "class 3" }] }] }]);
    expect(new Set(names.map((name) => colours.of(name))).size).toBe(10);
    expect(colours.legend?.text.match(/<li>/g)).toHaveLength(10);
  });

  it("have labels that cover no small box and no other label", () => {
    const picture = { width: 320, height: 240, size: 20 };
    const small = { area: [100, 100, 120, 115] as [number, number, number, number], text: "boat" };
    const large = { area: [95, 95, 300, 230] as [number, number, number, number], text: "harbour" };
    const [ofSmall, ofLarge] = placeLabels([small, large], picture);
    expect(ofSmall).toEqual([100, 75]); // above the box, since it would cover it
    expect(ofLarge).toEqual([expect.closeTo(3.8), 95]); // beside the box, since the places in and above it are taken
    const crowd = Array.from({ length: 40 }, () => small);
    expect(placeLabels(crowd, picture).filter((place) => place !== undefined).length).toBeLessThan(5);
  });
});
