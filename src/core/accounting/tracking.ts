/** Tracking: facts of a run about an input besides the input itself. */

import type { Annotation, Input, InputDraft } from "../input/input.js";
import type { JsonObject } from "../util/json/json-values.js";
import type { Outcome } from "./ledger.js";

/**
 * Acknowledges the outcome of an input before the run reports it, and returns the outcome to report. `input` is the input before any transform;
 * undefined if the source could not make one. If the promise rejects, the input is pending.
 */
export type Acknowledge = (outcome: Outcome, input: Input | InputDraft | undefined) => Promise<Outcome>;

/**
 * What to do with an input whose id an earlier input of the same run has. "duplicate": the id stands for the content or its URL, so the second input is
 * skipped, and the reason names the first. "file": origins are paths, and a second reference to the same file is skipped. "again": a source may yield
 * the same origin again after a change (a watched folder, a stream). In all other cases, an upload fails the second input with ERR_ID_IN_RUN.
 */
export type SameId = "duplicate" | "file" | "again";

/** The state of an input when it was listed from a platform. Sinks that change inputs compare with it. */
export interface Listed {
  /** Address of the app that it was listed from. A sink compares it with its own. */
  app: string;
  id: string;
  /** The input's data, in the platform's own form. */
  data: Readonly<JsonObject>;
  /** Its annotations with the platform's region ids; undefined if they were not read. */
  annotations?: readonly (Annotation & { regionId?: string | undefined })[] | undefined;
}

/** Facts about an input that journals, dead letters and sources need. */
export interface Tracking {
  /** Name of its source. */
  source: string;
  /** Journal key that its source determined. */
  key?: string | undefined;
  /** Digest of the key, under which a journal records the input. */
  journalKey?: string | undefined;
  /** Its state when it was listed from a platform. */
  listed?: Listed | undefined;
  /** Acknowledges its outcome to the source. */
  acknowledge?: Acknowledge | undefined;
}
