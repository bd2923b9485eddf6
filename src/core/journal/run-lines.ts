/** Lines of a journal that say when a run began and how it ended. The reports of several journals are made of them. */

import type { Failure, ReasonGroup } from "../accounting/failure.js";
import type { Counts } from "../accounting/ledger.js";

/** A run began. */
export interface RunBegin {
  run: "begin";
  /** Time of day, in ISO 8601. */
  at: string;
  /** Names of its sources. */
  sources: readonly string[];
  pid: number;
  host: string;
}

/** A run ended. */
export interface RunEnd {
  run: "end";
  at: string;
  counts: Omit<Counts, "inFlight">;
  /** Number of skipped inputs that earlier runs finished. */
  doneEarlier: number;
  /** Number of items that belong to other shards. */
  others?: number | undefined;
  durationMs: number;
  /** Whether the run was stopped before the end of its sources. */
  stopped: boolean;
  /** Code of the error that ended the run. */
  error?: string | undefined;
  skipped: readonly ReasonGroup[];
  /** The first failures of inputs without a journal key, such as files that could not be read. They have no record of their own. */
  unrecorded: readonly Failure[];
}
