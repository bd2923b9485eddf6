/** Counts the inputs of a stream by outcome. */

import type { Counts } from "../core/accounting/ledger.js";

/** What the server counts. */
export interface StreamNumbers {
  /** Published messages: the server numbers them from 1 on. */
  published: number;
  /** Messages on the stream. The server deletes those that workers acknowledge; one that was killed may still have some. */
  onStream: number;
  /** Messages that the consumer has not delivered. Too high after some redeliveries. */
  undelivered: number;
  /** Messages that workers have and have not acknowledged. Too high if the server was killed before it stored an acknowledgement. */
  unacknowledged: number;
  /** Outcomes that workers have recorded. */
  failed: number;
  skipped: number;
}

/**
 * Counts the inputs of a stream. Workers record failed and skipped inputs before they acknowledge them, so the other acknowledged inputs are ok. The sum
 * closes also if outcomes were recorded after the messages had been counted.
 */
export function countsOf({ published, failed, skipped, ...now }: StreamNumbers): Counts {
  const read = Math.max(published, failed + skipped);
  const open = Math.min(now.undelivered + now.unacknowledged, now.onStream, read - failed - skipped);
  const inFlight = Math.min(now.unacknowledged, open);
  return { read, ok: read - failed - skipped - open, failed, skipped, pending: open - inFlight, inFlight };
}
