/** The report: the outcome of every input of a run. */

import type { Traffic } from "../accounting/clients.js";
import type { Failure, ReasonGroup } from "../accounting/failure.js";
import type { Counts } from "../accounting/ledger.js";
import type { ReportedJob, ReportedTarget } from "../accounting/targets.js";
import type { JournalFacts } from "../journal/journal.js";
import type { UndoFacts } from "../journal/undo-log.js";
import type { ReportSheet } from "./sheets/sheet-log.js";
import type { ReportTallies } from "./tallies.js";
import type { Throughput } from "./throughput.js";

export type { Failure, ReasonGroup };

/** Failed inputs of one plugin and one code. */
export interface FailureGroup {
  code: string;
  stage: string;
  count: number;
  /** The first five of them. */
  examples: Failure[];
}

/** What a transform says about all inputs together. */
export interface Conclusion {
  /** Name of the transform. */
  stage: string;
  lines: readonly string[];
}

/** The share of the sources that a run read. */
export interface ShardFacts {
  /** From 1. */
  index: number;
  count: number;
  /** Number of items of the sources that belong to other shards. They are not in the counts of the report. */
  others: number;
}

/** A source that a run read. */
export interface ReportedSource {
  name: string;
  /** Where its inputs come from: a path, a URL, an app; absent for values of the program. */
  from?: string | undefined;
}

/** The outcome of every input of a run. The counts close: `read = ok + failed + skipped + pending`. */
export interface Report {
  /** The sources of the flow. */
  readonly sources: readonly ReportedSource[];
  /** Names of Sluice's stages in the order of the pipe: transforms, `batch` and sinks. RxJS operators are not among them. */
  readonly stages: readonly string[];
  /** When the run started, as ISO 8601 in UTC. */
  readonly startedAt: string;
  /** The targets of the sinks, in the order of the pipe. */
  readonly targets: readonly ReportedTarget[];
  /** Jobs of servers that did work for the sinks, as the run last saw them; the first 1,000. */
  readonly jobs: readonly ReportedJob[];
  readonly counts: Readonly<Omit<Counts, "inFlight">>;
  /** The share of the sources that the run read; absent if it read them as a whole. */
  readonly shard?: Readonly<ShardFacts> | undefined;
  /** Inputs by kind, class and dataset. */
  readonly tallies: Readonly<ReportTallies>;
  /** The failed inputs, in the order in which they failed; the first 10,000. */
  readonly failures: readonly Failure[];
  /** All failed inputs by plugin and code, the largest group first. */
  readonly failureGroups: readonly FailureGroup[];
  readonly skipped: readonly ReasonGroup[];
  readonly pending: readonly ReasonGroup[];
  /** Number of inputs that are ok with a note, by note, such as `recovered`. */
  readonly notes: Readonly<Record<string, number>>;
  /** The same notes with the origins of the first inputs of each. */
  readonly noted: readonly ReasonGroup[];
  /** What transforms say about all inputs together, such as `checkDataset` about duplicates. */
  readonly conclusions: readonly Conclusion[];
  /** Rows that transforms added with `show`, such as the near duplicates that were dropped and why. */
  readonly sheets: readonly ReportSheet[];
  readonly traffic: Readonly<Traffic>;
  readonly durationMs: number;
  /** Settled inputs over time, in at most 120 spans. */
  readonly throughput: Readonly<Throughput>;
  /** State of the journal at the start: inputs that earlier runs finished, and damaged lines that were ignored. */
  readonly journal?: JournalFacts | undefined;
  /** The dead-letter file. */
  readonly deadLetters?: string | undefined;
  /** What to do next: how to resume a run that was stopped, and how to process failed inputs again. Empty if every input is ok or skipped. */
  readonly next: readonly string[];
  /** The undo file, and how many states the run recorded in it. */
  readonly undo?: UndoFacts | undefined;
  /** Whether the run was stopped before the end of its source. */
  readonly stopped: boolean;
  /** True if the run came to its end, no input failed, and none is pending. */
  readonly ok: boolean;
  /** 0 if `ok`, 1 if an input failed or is pending, or an error ended the run, 130 if the run was stopped. */
  readonly exitCode: number;
  /** Formats the report as text: the counts, sources, targets and traffic, then the failures in at most twenty lines, a line for each reason to skip, and the next step. */
  summary(): string;
  /** Returns the report as plain data. */
  toJSON(): object;
  /**
   * Writes the report as a self-contained HTML page: what ran, totals, next steps, failures by code with their fix and examples, counts by kind, class and
   * dataset, throughput, locations on a map, and a sample of the inputs (36 at most) with their annotations. Makes thumbnails of files and bytes that still exist; does not fetch URLs.
   *
   * @throws {FlowError} (rejects) ERR_FILE_UNWRITABLE
   * @example await report.writeHtml("./report.html");
   */
  writeHtml(path: string): Promise<void>;
}

// Declared here, since errors.ts must not depend on reports.
declare module "../errors.js" {
  interface FlowError {
    /** The report so far, on an error with which `run()` rejects. Inputs without an outcome are pending. */
    readonly report?: Report | undefined;
  }
}
