/** Jobs of uploads in the report: their ids are those of the server, with the last state that the run saw. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { flow, fromIterable, type InputDraft, type ReportedJob, upload } from "../../src/index.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const notes = (count: number): InputDraft[] =>
  Array.from({ length: count }, (_, index) => ({ id: `note-${index}`, text: `note ${index}` }));

/** The jobs of a report, with the counts of succeeded and failed inputs. */
const countsOf = (jobs: readonly ReportedJob[]) =>
  jobs.map(({ sink, kind, state, counts }) => [sink, kind, state, counts?.succeeded, counts?.failed]);

describe("the report of an upload", () => {
  it("names the job of the server with its counts", async () => {
    const { app } = await openStore();
    const report = await flow(fromIterable(notes(3)))
      .pipe(upload(app))
      .run();
    expect(countsOf(report.jobs)).toEqual([["upload", "add inputs", "done", 3, 0]]);
    const [job] = report.jobs;
    expect(await app.getAddJob(job?.id ?? "")).toMatchObject({ succeeded: 3, failed: 0, status: { code: 64002 } });
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({ jobs: [job] });
    expect(report.summary()).not.toContain("job ");
  });

  it("counts the failed input once in its summary, and shows all jobs on its page", async () => {
    const { app } = await openStore({ allowFetch: false });
    const failing = { id: "gone", image: { url: "https://example.com/gone.jpg" } };
    const report = await flow(fromIterable([failing]))
      .pipe(upload(app))
      .run();
    // The upload removes the failed input and sends it again, twice.
    expect(report.jobs.every(({ state }) => state === "done")).toBe(true);
    const [job] = report.jobs;
    expect(job?.counts?.failed).toBeGreaterThan(1); // the server counts each attempt
    expect(report.summary()).toContain("ok 0 + failed 1");
    expect(report.summary()).not.toContain("job ");
    const page = join(temporaryFolder(), "report.html");
    await report.writeHtml(page);
    expect(readFileSync(page, "utf8")).toContain(`add inputs ${job?.id}: done`);
  });

  it("says of a job that it did not follow only that inputs were accepted", async () => {
    const { app } = await openStore({ processingDelayMs: 600_000 });
    const report = await flow(fromIterable(notes(2)))
      .pipe(upload(app, { wait: false }))
      .run();
    expect(report.jobs).toEqual([{ sink: "upload", kind: "add inputs", id: report.jobs[0]?.id, state: "accepted" }]);
    expect(await app.getAddJob(report.jobs[0]?.id ?? "")).toMatchObject({ pending: 2 });
  });

  it("has no job if the server accepted nothing", async () => {
    const { app } = await openStore();
    await flow(fromIterable(notes(1)))
      .pipe(upload(app))
      .run();
    const report = await flow(fromIterable([{ id: "note-0", text: "other" }]))
      .pipe(upload(app))
      .run();
    expect(report).toMatchObject({ counts: { failed: 1 }, jobs: [] });
  });
});
