/** Reporting: gathers the outcomes of a run, and makes its report. */

import { droppedByOperator } from "../accounting/input-in-flight.js";
import type { Ledger, Settlement } from "../accounting/ledger.js";
import type { RunContext } from "../accounting/run-context.js";
import type { ReportedTarget } from "../accounting/targets.js";
import type { JournalFacts } from "../journal/journal.js";
import { displayed } from "./display.js";
import { maxGroups, others, ReasonGroups, shortened } from "./reason-groups.js";
import type { Failure, FailureGroup, Report } from "./report.js";
import { Sample } from "./sample.js";
import { summaryOf } from "./summary.js";
import { ThroughputLog } from "./throughput.js";

/** Most settlements of one kind that a report keeps; beyond it they are counted only. */
const maxKept = 10_000;

/** Examples of each kind of failure. */
const maxExamples = 5;

/** Reasons of inputs that were under way. */
const stoppedEarly = "not finished when the run stopped";
const endedByError = "not finished when an error ended the run";

/** Gathers the settlements of a run; `finish` gives the report. */
export class Reporter {
  readonly #failures: Failure[] = [];
  readonly #failureGroups = new Map<string, FailureGroup>();
  readonly #skipped = new ReasonGroups();
  readonly #pending = new ReasonGroups();
  readonly #notes = new ReasonGroups();
  readonly #started = performance.now();
  readonly #sample = new Sample();
  readonly #throughput: ThroughputLog;
  readonly #ledger: Ledger;
  readonly #context: RunContext;

  constructor(context: RunContext) {
    this.#context = context;
    context.accounting.onOutcome = (input, origin, outcome) => this.#sample.offer(input, origin, outcome);
    this.#throughput = new ThroughputLog(context);
    this.#ledger = context.accounting.ledger;
    this.#ledger.onSettled((settlement) => this.#add(settlement));
  }

  /** Ends the looking; for runs that end without a report. */
  close(): void {
    this.#throughput.close();
  }

  /** `error`: what ended the run, if it did not come to its end. */
  finish(stopped: boolean, journal?: JournalFacts, error?: unknown): Report {
    const isCut = stopped || error !== undefined;
    const rest = this.#ledger.close(isCut ? "pending" : "skipped");
    if (rest > 0 && isCut) this.#pending.add(stopped ? stoppedEarly : endedByError, undefined, rest);
    else if (rest > 0) this.#skipped.add(droppedByOperator, undefined, rest);
    const { inFlight: _, ...counts } = this.#ledger.counts;
    const failures = this.#failures;
    const report = {
      targets: reportedTargets(this.#context),
      counts,
      failures,
      failureGroups: this.failureGroups,
      skipped: this.#skipped.list,
      pending: this.#pending.list,
      notes: Object.fromEntries(this.#notes.list.map(({ reason, count }) => [reason, count])),
      traffic: this.#context.clients.traffic,
      ...(journal ? { journal } : {}),
      durationMs: Math.round(performance.now() - this.#started),
      throughput: this.#throughput.end(),
      stopped,
      ok: counts.failed === 0 && counts.pending === 0 && !isCut,
      exitCode: stopped ? 130 : counts.failed + counts.pending > 0 || isCut ? 1 : 0,
    };
    const writeHtml = async (path: string) => {
      const { writePage } = await import("./pages.js");
      await writePage(path, report, this.#sample);
    };
    const html = async () => (await import("./pages.js")).framedReport(report, this.#sample);
    const summary = () => summaryOf(report);
    return displayed({ ...report, summary, toJSON: () => report, writeHtml }, summary, html);
  }

  /** Failed inputs so far by plugin and code, those that are most first. */
  get failureGroups(): FailureGroup[] {
    return [...this.#failureGroups.values()].sort((one, other) => other.count - one.count);
  }

  /** Codes are few; should a plugin make one for each input, they are counted together. */
  #groupOf(stage: string, code: string): FailureGroup {
    const isFull = this.#failureGroups.size >= maxGroups;
    const key = shortened(`${stage} ${code}`);
    const known = this.#failureGroups.get(key) ?? (isFull ? this.#failureGroups.get(others) : undefined);
    if (known) return known;
    const group: FailureGroup = {
      code: isFull ? others : shortened(code),
      stage: isFull ? others : shortened(stage),
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
      const isKept = this.#failures.length < maxKept;
      if (!isKept && group.examples.length >= maxExamples) return;
      const [from, name, why] = [shortened(origin), id === undefined ? id : shortened(id), shortened(reason)];
      const failure = { origin: from, id: name, code, stage, reason: why, attempts, retryable };
      if (isKept) this.#failures.push(failure);
      if (group.examples.length < maxExamples) group.examples.push(failure);
    } else if (outcome.state === "ok") {
      if (outcome.note !== undefined) this.#notes.add(outcome.note);
      for (const remark of outcome.remarks ?? []) this.#notes.add(remark);
    } else if (outcome.state === "skipped") this.#skipped.add(outcome.reason, origin);
    else this.#pending.add(outcome.reason, origin);
  }
}

/** The targets without what only a run needs of them, with the datasets that inputs joined there. */
function reportedTargets({ stages: { targets }, accounting: { datasets } }: RunContext): ReportedTarget[] {
  return targets.map(({ sink, action, name, url, path }) => {
    const joined = datasets.get(sink);
    return {
      sink,
      action,
      name,
      ...(url === undefined ? {} : { url }),
      ...(path === undefined ? {} : { path }),
      ...(joined ? { datasets: [...joined] } : {}),
    };
  });
}
