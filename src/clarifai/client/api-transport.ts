/** The transport of an app, which sends calls or records them. */

import type { RunClient } from "../../core/accounting/clients.js";
import type { Answer, CallOptions } from "./call.js";
import type { Pacer } from "./pacing/pacer.js";

/** Sends and counts the calls of an app. */
export interface ApiTransport extends RunClient {
  readonly pacer: Pacer;
  /** Sends a request, with retries, and returns the final answer. @throws {ApiError} */
  call(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, options?: CallOptions): Promise<Answer>;
  /** Returns the id of the store behind an emulator; undefined for all other servers. */
  storeOfServer(): Promise<string | undefined>;
  close(): Promise<void>;
}
