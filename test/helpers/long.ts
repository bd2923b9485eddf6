/** Whether this is `npm run test:long`, which tries as much as nobody wants to wait for every day. */
export const isLong = (import.meta as ImportMeta & { env?: { MODE?: string } }).env?.MODE === "long";

/** How often a property is tried: a quarter of what the long form does. */
export const propertyRuns = (long: number): { numRuns: number } => ({ numRuns: isLong ? long : Math.ceil(long / 4) });
