/** Reporting: collects the outcomes of a run, and makes its report. */

import { droppedByOperator } from "../accounting/input-in-flight.js";
import type { Ledger, Settlement } from "../accounting/ledger.js";
import type { RunContext } from "../accounting/run-context.js";
import type { ReportedTarget } from "../accounting/targets.js";
import { describeThrown } from "../errors.js";
import type { JournalFacts } from "../journal/journal.js";
import type { UndoFacts } from "../journal/undo-log.js";
import { displayed } from "./display.js";
import { maxGroups, others, ReasonGroups, reportText } from "./reason-groups.js";
import type { Conclusion, Failure, FailureGroup, Report } from "./report.js";
import { Sample } from "./sample.js";
import { SheetLog } from "./sheets/sheet-log.js";
import { summaryOf } from "./summary.js";
import { ThroughputLog } from "./throughput.js";

/** Maximum number of failures that a report lists; further failures are only counted. */
const maxFailures = 10_000;

/** Maximum number of examples of each group of failures. */
const maxExamples = 5;

/** Reasons of inputs that were in progress at the end. */
const stoppedEarly = "not finished when the run stopped";
const endedByError = "not finished when an error ended the run";

/** The files of a run. */
interface FileFacts {
  journal?: JournalFacts | undefined;
  undo?: UndoFacts | undefined;
}

/** Collects the settlements of a run; `finish` returns the report. */
export class Reporter {
  readonly #failures: Failure[] = [];
  readonly #failureGroups = new Map<string, FailureGroup>();
  readonly #skipped = new ReasonGroups();
  readonly #pending = new ReasonGroups();
  readonly #notes = new ReasonGroups();
  readonly #started = performance.now();
  readonly #sample = new Sample();
  readonly #sheets = new SheetLog();
  readonly #throughput: ThroughputLog;
  readonly #ledger: Ledger;
  readonly #context: RunContext;

  constructor(context: RunContext) {
    this.#context = context;
    context.accounting.onOutcome = (input, origin, outcome) => this.#sample.offer(input, origin, outcome);
    context.accounting.onRow = (stage, origin, row) => this.#sheets.add(stage, origin, row);
    this.#throughput = new ThroughputLog(context);
    this.#ledger = context.accounting.ledger;
    this.#ledger.onSettled((settlement) => this.#add(settlement));
  }

  /** Stops the measurement of a run that ends without a report. */
  close(): void {
    this.#throughput.close();
  }

  /** Makes the report. `error` is the error that ended the run early. */
  finish(stopped: boolean, { journal, undo }: FileFacts = {}, error?: unknown): Report {
    const endedEarly = stopped || error !== undefined;
    const unsettled = this.#ledger.close(endedEarly ? "pending" : "skipped");
    if (unsettled > 0 && endedEarly) this.#pending.add(stopped ? stoppedEarly : endedByError, undefined, unsettled);
    else if (unsettled > 0) this.#skipped.add(droppedByOperator, undefined, unsettled);
    const { inFlight: _, ...counts } = this.#ledger.counts;
    const failures = this.#failures;
    const report = {
      targets: reportedTargets(this.#context),
      jobs: [...this.#context.accounting.jobs.values()],
      counts,
      ...shardFacts(this.#context),
      failures,
      failureGroups: this.failureGroups,
      skipped: this.#skipped.list,
      pending: this.#pending.list,
      notes: Object.fromEntries(this.#notes.list.map(({ reason, count }) => [reason, count])),
      noted: this.#notes.list,
      conclusions: conclusionsOf(this.#context),
      sheets: this.#sheets.list,
      traffic: this.#context.clients.traffic,
      ...(journal ? { journal } : {}),
      ...(undo ? { undo } : {}),
      durationMs: Math.round(performance.now() - this.#started),
      throughput: this.#throughput.end(),
      stopped,
      ok: counts.failed === 0 && counts.pending === 0 && !endedEarly,
      exitCode: stopped ? 130 : counts.failed + counts.pending > 0 || endedEarly ? 1 : 0,
    };
    const writeHtml = async (path: string) => {
      const { writePage } = await import("./pages.js");
      await writePage(path, report, this.#sample, this.#sheets);
    };
    const html = async () => (await import("./pages.js")).reportHtml(report, this.#sample);
    const summary = () => summaryOf(report);
    return displayed({ ...report, summary, toJSON: () => report, writeHtml }, summary, html);
  }

  /** Failed inputs so far by plugin and code, the largest group first. */
  get failureGroups(): FailureGroup[] {
    return [...this.#failureGroups.values()].sort((one, other) => other.count - one.count);
  }

  /** Returns the group of a failure. If a plugin makes a new code for each input, the further ones share a group. */
  #groupOf(stage: string, code: string): FailureGroup {
    const isFull = this.#failureGroups.size >= maxGroups;
    const key = reportText(`${stage} ${code}`);
    const known = this.#failureGroups.get(key) ?? (isFull ? this.#failureGroups.get(others) : undefined);
    if (known) return known;
    const group: FailureGroup = {
      code: isFull ? others : reportText(code),
      stage: isFull ? others : reportText(stage),
      count: 0,
      examples: [],
    };
    this.#failureGroups.set(isFull ? others : key, group);
    return group;
  }

  #add({ origin, id, outcome }: Settlement): void {
    if (outcome.state === "failed") {
      const { code, stage, reason, attempts, retryable = false } = outcome;
      const group = this.#groupOf(stage, code);
      group.count += 1;
      const isListed = this.#failures.length < maxFailures;
      if (!isListed && group.examples.length >= maxExamples) return;
      const [from, name, why] = [reportText(origin), id === undefined ? id : reportText(id), reportText(reason)];
      const failure = { origin: from, id: name, code, stage, reason: why, attempts, retryable };
      if (isListed) this.#failures.push(failure);
      if (group.examples.length < maxExamples) group.examples.push(failure);
    } else if (outcome.state === "ok") {
      if (outcome.note !== undefined) this.#notes.add(outcome.note, origin);
      for (const remark of outcome.remarks ?? []) this.#notes.add(remark, origin);
    } else if (outcome.state === "skipped") this.#skipped.add(outcome.reason, origin);
    else this.#pending.add(outcome.reason, origin);
  }
}

/** Most lines of one transform. */
const maxLines = 1000;

/** Asks the transforms what they say about all inputs together, and leaves out those with nothing to say. One that throws does not prevent the report, which names its error. */
function conclusionsOf({ accounting: { conclusions } }: RunContext): Conclusion[] {
  return conclusions.flatMap(({ stage, lines }) => {
    try {
      const texts = lines().slice(0, maxLines).map(reportText);
      return texts.length > 0 ? { stage, lines: texts } : [];
    } catch (error) {
      return { stage, lines: [reportText(`conclude failed: ${describeThrown(error)}`)] };
    }
  });
}

/** Returns the share of the sources that a run read, as a field of its report. */
function shardFacts({ shard, accounting: { otherShards } }: RunContext): Pick<Report, "shard"> {
  return shard ? { shard: { index: shard.index, count: shard.count, others: otherShards } } : {};
}

/** Returns the targets without the fields that only the run needs, and with the datasets that inputs joined. */
function reportedTargets({ stages: { targets }, accounting: { datasets, wires } }: RunContext): ReportedTarget[] {
  return targets.map(({ sink, action, name, url, path, wire }) => {
    const joined = datasets.get(sink);
    const used = wire?.();
    return {
      sink,
      action,
      name,
      ...(url === undefined ? {} : { url }),
      ...(path === undefined ? {} : { path }),
      ...(used ? { wire: wires.get(sink) ?? used.wire } : {}),
      ...(used?.note === undefined ? {} : { note: used.note }),
      ...(joined ? { datasets: [...joined] } : {}),
    };
  });
}
