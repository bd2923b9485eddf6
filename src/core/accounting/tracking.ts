/** Tracking: what a run knows about an input besides the input itself. */

import type { Annotation, Input, InputDraft } from "../input/input.js";
import type { JsonObject } from "../util/json-values.js";
import type { Outcome } from "./ledger.js";

/**
 * Acknowledges the outcome of an input before it is reported, and returns the outcome that is reported. `input` is as it was read; undefined if no
 * input could be made. If the promise rejects, the input counts as pending.
 */
export type Acknowledge = (outcome: Outcome, input: Input | InputDraft | undefined) => Promise<Outcome>;

/**
 * What it means when an input has the id of an earlier one of the same run. "duplicate": the id stands for the content or its address, so the second is
 * skipped and names the first. "file": origins are paths, and a file that is named twice is skipped. "again": the same origin may come again, changed (a
 * watched folder, a stream). In all other cases the second input fails with ERR_ID_IN_RUN where inputs are uploaded.
 */
export type SameId = "duplicate" | "file" | "again";

/** The state of an input when it was listed from a platform. A sink that changes inputs compares with it. */
export interface Listed {
  /** The app that it was listed from; equal to the `place` of a sink that compares. */
  place: string;
  id: string;
  /** The input's data, in the platform's own form. */
  data: Readonly<JsonObject>;
  /** Its annotations, if they were read, with the ids that the platform gave to their regions. */
  annotations?: readonly (Annotation & { regionId?: string | undefined })[] | undefined;
}

/** Facts about an input that journals, dead letters and sources need. */
export interface Tracking {
  /** Name of its source. */
  source: string;
  /** The key that its source gave it. */
  key?: string | undefined;
  /** The key under which a journal records it. */
  journalKey?: string | undefined;
  /** Its state on the platform that it was listed from. */
  listed?: Listed | undefined;
  /** Acknowledges its outcome to the source. */
  acknowledge?: Acknowledge | undefined;
}
