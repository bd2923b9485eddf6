/** Reporting: gathers the outcomes of a run, and makes its report. */

import { beginningOf } from "./beginning-of.js";
import { displayed } from "./display.js";
import type { Ledger, Settlement } from "./ledger.js";
import { Sample } from "./report/sample.js";
import { summaryOf } from "./report/summary.js";
import { ThroughputLog } from "./report/throughput.js";
import type { Failure, FailureGroup, JournalFacts, ReasonGroup, Report } from "./report.js";
import type { RunContext } from "./run-context.js";
import { droppedByOperator } from "./settle-dropped.js";

/** Most settlements of one kind that a report keeps; beyond it they are counted only. */
const maxKept = 10_000;

/** Most characters of a text in a report: a row of 20 MB may be quoted in its own failure, ten thousand times. */
const maxTextLength = 2000;

/** Kinds of failures, reasons and notes that are told apart, and examples of each. */
const maxGroups = 200;
const maxExamples = 5;

/** Name of the group that has what came when there were enough. */
export const others = "…";

interface Group {
  count: number;
  origins: string[];
}

/** Gathers the settlements of a run; `finish` gives the report. */
export class Reporter {
  readonly #failures: Failure[] = [];
  readonly #failureGroups = new Map<string, FailureGroup>();
  readonly #skipped = new Map<string, Group>();
  readonly #pending = new Map<string, Group>();
  readonly #notes = new Map<string, number>();
  readonly #started = performance.now();
  readonly #sample = new Sample();
  readonly #throughput: ThroughputLog;
  readonly #ledger: Ledger;
  readonly #context: RunContext;

  constructor(context: RunContext) {
    this.#context = context;
    context.sample = this.#sample;
    this.#throughput = new ThroughputLog(context);
    this.#ledger = context.ledger;
    this.#ledger.onSettled((settlement) => this.#add(settlement));
  }

  /** Ends the looking; for runs that end without a report. */
  close(): void {
    this.#throughput.close();
  }

  finish(stopped: boolean, journal?: JournalFacts): Report {
    const dropped = this.#ledger.close();
    if (dropped > 0) {
      const reason = stopped ? "not finished when the run stopped" : droppedByOperator;
      this.#skipped.set(reason, { count: dropped, origins: [] });
    }
    const { inFlight: _, ...counts } = this.#ledger.counts;
    const failures = this.#failures;
    const report = {
      counts,
      failures,
      failureGroups: this.failureGroups,
      skipped: asList(this.#skipped),
      pending: asList(this.#pending),
      notes: Object.fromEntries(this.#notes),
      traffic: this.#context.traffic,
      ...(journal ? { journal } : {}),
      durationMs: Math.round(performance.now() - this.#started),
      throughput: this.#throughput.end(),
      stopped,
      ok: counts.failed === 0 && counts.pending === 0 && !stopped,
      exitCode: stopped ? 130 : counts.failed + counts.pending > 0 ? 1 : 0,
    };
    const writeHtml = async (path: string) => {
      const { writePage } = await import("./report/pages.js");
      await writePage(path, report, this.#sample);
    };
    const html = async () => (await import("./report/pages.js")).framedReport(report, this.#sample);
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
    const key = kept(`${stage} ${code}`);
    const known = this.#failureGroups.get(key) ?? (isFull ? this.#failureGroups.get(others) : undefined);
    if (known) return known;
    const group: FailureGroup = {
      code: isFull ? others : kept(code),
      stage: isFull ? others : kept(stage),
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
      const [from, name, why] = [kept(origin), id === undefined ? id : kept(id), kept(reason)];
      const failure = { origin: from, id: name, code, stage, reason: why, attempts, retryable };
      if (isKept) this.#failures.push(failure);
      if (group.examples.length < maxExamples) group.examples.push(failure);
    } else if (outcome.state === "ok") {
      if (outcome.note === undefined) return;
      const note = nameIn(this.#notes, outcome.note);
      this.#notes.set(note, (this.#notes.get(note) ?? 0) + 1);
    } else {
      const groups = outcome.state === "skipped" ? this.#skipped : this.#pending;
      const reason = nameIn(groups, outcome.reason);
      const group = groups.get(reason) ?? { count: 0, origins: [] };
      group.count += 1;
      if (group.origins.length < 100) group.origins.push(kept(origin));
      groups.set(reason, group);
    }
  }
}

function kept(text: string): string {
  return beginningOf(text, maxTextLength);
}

/** The group of a text. Reasons are few; should a plugin make one for each input, they are counted together. */
function nameIn(groups: ReadonlyMap<string, unknown>, text: string): string {
  const name = kept(text);
  return groups.size < maxGroups || groups.has(name) ? name : others;
}

function asList(groups: Map<string, Group>): ReasonGroup[] {
  return [...groups].map(([reason, group]) => ({ reason, ...group }));
}
