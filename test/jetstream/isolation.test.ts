/** Isolation: how many inputs are processed together with one that may crash its worker. */

import { expect, it } from "vitest";
import type { Claim } from "../../src/jetstream/worker/claims.js";
import { claimOfDelivery, groupSizeAfter, isExhausted } from "../../src/jetstream/worker/isolation.js";

/** The sizes of the groups in which an input is processed that kills each worker, until it fails. */
function sizesOf(maxDeliveries: number): number[] {
  const sizes = [Number.POSITIVE_INFINITY];
  let claim: Claim | undefined;
  for (let delivery = 2; ; delivery += 1) {
    claim = claimOfDelivery(delivery, maxDeliveries, claim);
    if (isExhausted(claim.losses, maxDeliveries)) return sizes;
    sizes.push(groupSizeAfter(claim.losses, maxDeliveries));
    claim = { ...claim, state: "started" };
  }
}

it("makes groups smaller from loss to loss, and the last delivery is alone", () => {
  const all = Number.POSITIVE_INFINITY;
  expect(sizesOf(10)).toEqual([all, all, 32, 1, 1, 1, 1, 1, 1, 1]);
  expect(sizesOf(4)).toEqual([all, all, 32, 1]);
  expect(sizesOf(3)).toEqual([all, 32, 1]);
  expect(sizesOf(2)).toEqual([all, 1]);
  expect(sizesOf(1)).toEqual([all, 1]);
});

it("counts no loss for an input that waited, or was returned", () => {
  const before = { delivery: 3, tries: 2, losses: 2 };
  expect(claimOfDelivery(4, 4, { ...before, state: "held" })).toMatchObject({ losses: 2, tries: 2, state: "held" });
  expect(claimOfDelivery(4, 4, { ...before, state: "returned" })).toMatchObject({ losses: 2, tries: 2 });
  expect(claimOfDelivery(4, 4, { ...before, state: "started" })).toMatchObject({ losses: 3, tries: 3 });
});

it("never fails an input for deliveries that left no claim", () => {
  const claim = claimOfDelivery(12, 4, undefined);
  expect(claim).toEqual({ delivery: 12, state: "held", tries: 11, losses: 2 });
  expect(isExhausted(claim.losses, 4)).toBe(false);
});

it("looks up an exhausted input once, since the lookup may be what kills the worker", () => {
  const lost = { delivery: 4, tries: 3, losses: 3, state: "started" } as const;
  const looking = claimOfDelivery(5, 4, lost);
  expect(looking).toMatchObject({ state: "lookUp", losses: 4 });
  expect(claimOfDelivery(6, 4, looking)).toMatchObject({ state: "held", losses: 4 });
});
