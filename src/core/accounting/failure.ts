/** Failed inputs, and inputs with one reason, as reports, journals and dead letters list them. */

/** One failed input. */
export interface Failure {
  /** Origin of the input: `photos/a.jpg`, `boxes.csv:17`. */
  origin: string;
  id?: string | undefined;
  code: string;
  /** Plugin that reported the failure. */
  stage: string;
  reason: string;
  attempts: number;
  /** Whether the same input may succeed later. */
  retryable: boolean;
}

/** Inputs that were skipped, or are pending, for the same reason, or that are ok with the same note. */
export interface ReasonGroup {
  reason: string;
  count: number;
  /** Origins of the first of them. */
  origins: string[];
}
