/** Isolation: an input that may make workers crash is processed in a small group, then alone, so that it does not take others with it. */

import type { Claim } from "./claims.js";

/** Size of the group in which inputs are processed before each of them is processed alone. */
const groupSize = 32;

/**
 * Returns how many inputs may be processed together with one that was lost `losses` times. With 4 deliveries or more, two losses are tolerated
 * without limit, the third delivery is in a group, and all later ones are alone. The last delivery is always alone.
 */
export function groupSizeAfter(losses: number, maxDeliveries: number): number {
  const free = freeLosses(maxDeliveries);
  if (losses < free) return Number.POSITIVE_INFINITY;
  return losses === free && maxDeliveries - losses >= 2 ? groupSize : 1;
}

/** Whether an input was lost so often that it is not processed again. It was alone in at least one of these deliveries. */
export function isExhausted(losses: number, maxDeliveries: number): boolean {
  return losses >= Math.max(maxDeliveries, 2);
}

/**
 * Makes the claim of a new delivery from the previous claim. A delivery in which the input waited for its turn is not a loss. Deliveries without a claim
 * (the first one, and those to workers of 0.1) count as lost, but only as far as they do not lead to a failure.
 */
export function claimOfDelivery(delivery: number, maxDeliveries: number, previous: Claim | undefined): Claim {
  const unknown = delivery - (previous?.delivery ?? 0) - 1;
  const started = previous?.state === "started" ? 1 : 0;
  const tries = (previous?.tries ?? 0) + started + unknown;
  const known = (previous?.losses ?? 0) + started;
  const losses = Math.max(known, Math.min(known + unknown, freeLosses(maxDeliveries)));
  if (isExhausted(losses, maxDeliveries)) {
    // A worker that died during the lookup is not followed by another one.
    return { delivery, state: previous?.state === "lookUp" ? "held" : "lookUp", tries, losses };
  }
  const isIsolated = groupSizeAfter(losses, maxDeliveries) < Number.POSITIVE_INFINITY;
  return { delivery, state: isIsolated ? "held" : "started", tries, losses };
}

/** Losses after which an input is still processed together with all others. */
function freeLosses(maxDeliveries: number): number {
  return Math.min(Math.max(maxDeliveries - 2, 1), 2);
}
