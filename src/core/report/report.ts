/** The report: what became of every input of a run. */

import type { Traffic } from "../accounting/clients.js";
import type { Counts } from "../accounting/ledger.js";
import type { ReportedTarget } from "../accounting/targets.js";
import type { JournalFacts } from "../journal/journal.js";
import type { Throughput } from "./throughput.js";

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

/** What became of every input of a run; it closes: `read = ok + failed + skipped + pending`. */
export interface Report {
  /** What the sinks wrote to, in the order of the pipe. */
  readonly targets: readonly ReportedTarget[];
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
  /** What got done over time, in at most 120 spans. */
  readonly throughput: Readonly<Throughput>;
  /** What its journal told at the start: inputs that earlier runs finished, and lines that were damaged and passed over. */
  readonly journal?: JournalFacts | undefined;
  /** Whether the run was stopped before the source's end. */
  readonly stopped: boolean;
  /** True when nothing failed and nothing is pending. */
  readonly ok: boolean;
  /** 0 when all is well, 1 when an input failed or is pending, 130 when the run was stopped. */
  readonly exitCode: number;
  /** The report for people, as text: the sum, then the failures in twenty lines at most, and a line for each reason to skip. */
  summary(): string;
  /** All of the above as plain data. */
  toJSON(): object;
  /**
   * Writes the report as one page of HTML that needs nothing else: totals, throughput, failures by code with examples, places on a map, and a sample of
   * the inputs (36 at most) with what is drawn on them. Thumbnails are made now, of files and bytes that are there; URLs are not fetched.
   *
   * @throws {FlowError} (rejects) ERR_FILE_UNWRITABLE
   * @example await report.writeHtml("./report.html");
   */
  writeHtml(path: string): Promise<void>;
}

// Here, since errors know nothing of reports.
declare module "../errors.js" {
  interface FlowError {
    /** Of an error with which `run()` rejects: what became of every input until then. Inputs without an outcome are pending. */
    readonly report?: Report | undefined;
  }
}
