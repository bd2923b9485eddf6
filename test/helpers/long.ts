/** Whether this is `npm run test:long`, whose tests take too long for every day. */
export const isLong = (import.meta as ImportMeta & { env?: { MODE?: string } }).env?.MODE === "long";

/** Returns the number of runs of a property: `long` in `npm run test:long`, else a sixth of it. */
export const propertyRuns = (long: number): { numRuns: number } => ({ numRuns: isLong ? long : Math.ceil(long / 6) });
