/** Tracking: what a run knows about an input besides the input itself. */

import type { Annotation, Input, InputDraft } from "../input/input.js";
import type { JsonObject } from "../util/json-values.js";
import type { Outcome } from "./ledger.js";

/**
 * Takes note of an outcome where it is kept, before it is told; gives back the outcome that is told. `input` is as it was read; none where none came
 * to be. Where it rejects, the input counts as pending.
 */
export type Acknowledge = (outcome: Outcome, input: Input | InputDraft | undefined) => Promise<Outcome>;

/**
 * What it means when an input has the id of an earlier one of the same run. "duplicate": the id stands for the content or its address, so the second is
 * skipped and names the first. "file": origins are paths, and a file that is named twice is skipped. "again": the same origin may come again, changed (a
 * watched folder, a stream). In all other cases the second input fails with ERR_ID_IN_RUN where inputs are uploaded.
 */
export type SameId = "duplicate" | "file" | "again";
/** What the platform answered when an input was listed, as JSON. A sink that changes inputs compares with it. */
export interface Listed {
  /** Which app it was listed from; as `place` of a sink that compares. */
  place: string;
  id: string;
  /** The input's data, in the platform's own form. */
  data: JsonObject;
  /** Its annotations, if they were read; with the ids that the platform gave to their regions. */
  annotations?: readonly (Annotation & { regionId?: string | undefined })[] | undefined;
}

/** What is known of an input besides itself, where outcomes are kept. */
export interface Tracking {
  /** Name of its source. */
  source: string;
  /** What its source knows it by. */
  key?: string | undefined;
  /** What a journal knows it by. */
  fingerprint?: string | undefined;
  /** Its state on the platform that it was listed from. */
  listed?: Listed | undefined;
  /** Where its source keeps what is done. */
  acknowledge?: Acknowledge | undefined;
}
