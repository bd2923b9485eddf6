/** The report: what became of every input of a run. */

import { printable } from "./format.js";
import type { Counts, Ledger, Settlement } from "./ledger.js";
import type { RunContext, Traffic } from "./run-context.js";

/** Most settlements of one kind that a report keeps; beyond it they are counted only. */
const maxKept = 10_000;

/** Most characters of a text in a report: a row of 20 MB may be quoted in its own failure, ten thousand times. */
const maxTextLength = 2000;

/** Kinds of failures that are told apart, and examples of each. */
const maxGroups = 200;
const maxExamples = 5;

/** One failed input. */
export interface Failure {
  origin: string;
  id?: string | undefined;
  code: string;
  stage: string;
  reason: string;
  attempts: number;
  /** Whether the same may succeed later. */
  retryable: boolean;
}

/** Failed inputs of one plugin and one code. */
export interface FailureGroup {
  code: string;
  stage: string;
  count: number;
  /** The first five of them. */
  examples: Failure[];
}

/** Inputs that were skipped, or are still pending, for one reason. */
export interface ReasonGroup {
  reason: string;
  count: number;
  /** The first of them. */
  origins: string[];
}

export interface JournalFacts {
  path: string;
  finished: number;
  damagedLines: number;
}

/** What became of every input of a run; it closes: `read = ok + failed + skipped + pending`. */
export interface Report {
  readonly counts: Readonly<Omit<Counts, "inFlight">>;
  /** The failed inputs, in the order in which they failed; the first 10,000. */
  readonly failures: readonly Failure[];
  /** All failed inputs by plugin and code, those that are most first. */
  readonly failureGroups: readonly FailureGroup[];
  readonly skipped: readonly ReasonGroup[];
  readonly pending: readonly ReasonGroup[];
  /** Inputs that are ok in a way worth telling, such as `recovered`, by that way. */
  readonly notes: Readonly<Record<string, number>>;
  readonly traffic: Readonly<Traffic>;
  readonly durationMs: number;
  /** What its journal told at the start: inputs that earlier runs finished, and lines that were damaged and passed over. */
  readonly journal?: JournalFacts | undefined;
  /** Whether the run was stopped before the source's end. */
  readonly stopped: boolean;
  /** True when nothing failed and nothing is pending. */
  readonly ok: boolean;
  /** 0 when all is well, 1 when an input failed or is pending, 130 when the run was stopped. */
  readonly exitCode: number;
  /** The report for people, as text: the sum, then one line for each failure (the first 20) and reason. */
  summary(): string;
  toJSON(): object;
}

interface Groups {
  count: number;
  origins: string[];
}

/** Gathers the settlements of a run; `finish` gives the report. */
export class Reporter {
  readonly #failures: Failure[] = [];
  readonly #failureGroups = new Map<string, FailureGroup>();
  readonly #skipped = new Map<string, Groups>();
  readonly #pending = new Map<string, Groups>();
  readonly #notes: Record<string, number> = {};
  readonly #started = performance.now();
  readonly #ledger: Ledger;
  readonly #context: RunContext;

  constructor(context: RunContext) {
    this.#context = context;
    this.#ledger = context.ledger;
    this.#ledger.onSettled((settlement) => this.#add(settlement));
  }

  finish(stopped: boolean, journal?: JournalFacts): Report {
    const dropped = this.#ledger.close();
    if (dropped > 0) {
      const reason = stopped ? "not finished when the run stopped" : "dropped by an operator";
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
      notes: this.#notes,
      traffic: this.#context.traffic,
      ...(journal ? { journal } : {}),
      durationMs: Math.round(performance.now() - this.#started),
      stopped,
      ok: counts.failed === 0 && counts.pending === 0 && !stopped,
      exitCode: stopped ? 130 : counts.failed + counts.pending > 0 ? 1 : 0,
    };
    return { ...report, summary: () => summaryOf(report), toJSON: () => report };
  }

  /** Failed inputs so far by plugin and code, those that are most first. */
  get failureGroups(): FailureGroup[] {
    return [...this.#failureGroups.values()].sort((one, other) => other.count - one.count);
  }

  /** Codes are few; should a plugin make one for each input, they are counted together. */
  #groupOf(stage: string, code: string): FailureGroup {
    const isFull = this.#failureGroups.size >= maxGroups;
    const key = `${stage} ${code}`;
    const known = this.#failureGroups.get(key) ?? (isFull ? this.#failureGroups.get("…") : undefined);
    if (known) return known;
    const group: FailureGroup = {
      code: isFull ? "…" : kept(code),
      stage: isFull ? "…" : kept(stage),
      count: 0,
      examples: [],
    };
    this.#failureGroups.set(isFull ? "…" : key, group);
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
      if (outcome.note !== undefined) this.#notes[outcome.note] = (this.#notes[outcome.note] ?? 0) + 1;
    } else {
      const groups = outcome.state === "skipped" ? this.#skipped : this.#pending;
      const group = groups.get(outcome.reason) ?? { count: 0, origins: [] };
      group.count += 1;
      if (group.origins.length < 100) group.origins.push(kept(origin));
      groups.set(outcome.reason, group);
    }
  }
}

/** The text, or its beginning as a copy: a mere slice would keep the whole in memory. */
function kept(text: string): string {
  return text.length <= maxTextLength ? text : `${Buffer.from(text.slice(0, maxTextLength)).toString()}…`;
}

function asList(groups: Map<string, Groups>): ReasonGroup[] {
  return [...groups].map(([reason, group]) => ({ reason, ...group }));
}

function summaryOf(report: Omit<Report, "summary" | "toJSON">): string {
  const { counts, failures, notes } = report;
  const parts = [`ok ${counts.ok}`, `failed ${counts.failed}`, `skipped ${counts.skipped}`];
  if (counts.pending > 0) parts.push(`pending ${counts.pending}`);
  const lines = [`read ${counts.read} = ${parts.join(" + ")}  (${(report.durationMs / 1000).toFixed(1)} s)`];
  if (report.stopped) lines.push("The run was stopped before the end of its source.");
  if (report.journal && report.journal.damagedLines > 0) {
    lines.push(`  ${report.journal.damagedLines} damaged lines of ${report.journal.path} were passed over`);
  }
  for (const [note, count] of Object.entries(notes)) lines.push(`  ok, ${note}: ${count}`);
  for (const failure of failures.slice(0, 20)) lines.push(`  failed   ${failureText(failure)}`);
  const more = counts.failed - Math.min(20, failures.length);
  if (more > 0) lines.push(`  … and ${more} more failed`);
  for (const [state, groups] of [["skipped", report.skipped] as const, ["pending", report.pending] as const]) {
    for (const { reason, count, origins } of groups) {
      const examples = origins.slice(0, 3).join(", ");
      lines.push(
        `  ${state}  ${count} × ${reason}${examples ? `: ${examples}` : ""}${count > 3 && examples ? ", …" : ""}`,
      );
    }
  }
  return lines.map(printable).join("\n");
}

/** A reason that begins with the origin names it once. */
function failureText({ origin, reason, stage, code }: Failure): string {
  const text = reason.startsWith(`${origin} `) ? reason : `${origin}: ${reason}`;
  return `${text} [${stage}, ${code}]`;
}
