/** The transport of a dry run: counts the requests, sends none, and answers each with success. */

import type { Traffic } from "../../core/accounting/clients.js";
import { isObject } from "../../core/util/json/json-values.js";
import { statusCodes } from "../wire/status-codes.js";
import type { ApiTransport } from "./api-transport.js";
import type { Answer, CallOptions } from "./call.js";

/** Counts the requests and bytes of one dry run. Its rate is that of the real transport. */
export class RecordingTransport implements ApiTransport {
  readonly counts: Traffic = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
  readonly pacer: ApiTransport["pacer"];
  readonly #real: ApiTransport;

  constructor(real: ApiTransport) {
    this.#real = real;
    this.pacer = real.pacer;
  }

  async call(_method: string, _path: string, { body, json }: CallOptions = {}): Promise<Answer> {
    this.counts.requests += 1;
    this.counts.bytesSent += body?.length ?? (json === undefined ? 0 : Buffer.byteLength(JSON.stringify(json)));
    return { status: { code: statusCodes.SUCCESS }, httpStatus: 200, json: successOf(json), attempts: 1 };
  }

  storeOfServer(): Promise<string | undefined> {
    return this.#real.storeOfServer();
  }

  async close(): Promise<void> {
    // The real transport stays open.
  }
}

/** Makes the answer to a request whose items all succeed. */
function successOf(json: unknown): Record<string, unknown> {
  const lists = Object.entries(json ?? {}).filter(([, value]) => Array.isArray(value)) as [string, unknown[]][];
  const accepted = (item: unknown) => ({
    id: isObject(item) ? item.id : undefined,
    status: { code: statusCodes.SUCCESS },
  });
  return Object.fromEntries(lists.map(([field, items]) => [field, items.map(accepted)]));
}
