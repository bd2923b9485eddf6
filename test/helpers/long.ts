/** Whether this is `npm run test:long`, which tries as much as nobody wants to wait for every day. */
export const isLong = (import.meta as ImportMeta & { env?: { MODE?: string } }).env?.MODE === "long";
