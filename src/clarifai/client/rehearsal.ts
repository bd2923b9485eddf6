/** Rehearsal: a transport that counts what would be sent, sends nothing, and answers that all went well. */

import { codes } from "../wire/status.js";
import type { Answer, CallOptions } from "./call.js";
import { Transport } from "./transport.js";

/** Counts the requests and bytes of one plan; it knows the rate of the transport that would send them. */
export class Rehearsal extends Transport {
  constructor(baseUrl: string, real: Transport) {
    super({ baseUrl, pat: "none" }, undefined, real.pacer);
  }

  override async call(_method: string, _path: string, { body, json }: CallOptions = {}): Promise<Answer> {
    this.counts.requests += 1;
    this.counts.bytesSent += body?.length ?? (json === undefined ? 0 : Buffer.byteLength(JSON.stringify(json)));
    return { status: { code: codes.success }, httpStatus: 200, json: allWell(json), attempts: 1 };
  }
}

/** The answer to a request whose items are all taken. */
function allWell(json: unknown): Record<string, unknown> {
  const lists = Object.entries(json ?? {}).filter(([, value]) => Array.isArray(value)) as [string, unknown[]][];
  const taken = (item: unknown) => ({ id: (item as { id?: unknown } | null)?.id, status: { code: codes.success } });
  return Object.fromEntries(lists.map(([field, items]) => [field, items.map(taken)]));
}
