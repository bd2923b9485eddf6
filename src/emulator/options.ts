/** The options of the emulator. */

import type { FaultRule } from "./server/faults.js";
import type { AppName } from "./server/requests.js";

/** Options of `startEmulator`. */
export interface EmulatorOptions {
  /** Port to listen on. Default: any free port. */
  port?: number | undefined;
  /** Port of the gRPC server, on the same address; 0 takes any free port. Default: no gRPC server. */
  grpcPort?: number | undefined;
  /** Address to listen on. On loopback, requests for other host names and from pages of other sites are refused. Default: "127.0.0.1". */
  host?: string | undefined;
  /** Data folder. Default: a temporary folder, which is deleted when the emulator closes. */
  data?: string | undefined;
  /** The one valid key. Default: any key that is not empty. */
  pat?: string | undefined;
  /** Keys that are valid for one app each, with their apps. Default: none. */
  appKeys?: Readonly<Record<string, AppName>> | undefined;
  /**
   * Ignores fields and parameters that the API's definition does not have, or that the emulator does not support. Otherwise they are refused
   * (11100 and 11102, 10040), so that typos are found. In filters and deletes they are always refused. Default: false.
   */
  lenient?: boolean | undefined;
  /** Also refuses annotations of inputs that are not processed yet (24155). Excludes `lenient`. Default: false. */
  strict?: boolean | undefined;
  /** Shows the gallery without the actions that change data. Default: false. */
  readOnlyGallery?: boolean | undefined;
  /** Creates users, apps and datasets on first use. Default: true. */
  autoCreate?: boolean | undefined;
  /** Time before an accepted input is processed, in milliseconds. Default: 5. */
  processingDelayMs?: number | undefined;
  /** Time until an upload in parts that is not complete expires, in milliseconds. Default: 86,400,000 (a day). */
  uploadExpiryMs?: number | undefined;
  /** Time before a deleted input is removed, in milliseconds. Default: 5. */
  deleteDelayMs?: number | undefined;
  /** Maximum number of requests per second. More are refused with 11005. Default: no limit. */
  requestsPerSecond?: number | undefined;
  /**
   * What the emulator does with inputs by URL. "fetch": it fetches them, as the platform does. "accept": it counts them as processed without
   * fetching them, for machines without internet; they have no bytes, and `image_info` says that format and size are unknown. Default: "fetch".
   */
  urls?: "fetch" | "accept" | undefined;
  /** Whether the emulator may fetch URLs. If not, inputs by URL fail (30002), unless `urls` is "accept". Default: true. */
  allowFetch?: boolean | undefined;
  /**
   * Fetches from private, loopback and link-local addresses, too (true), or from public addresses only (false). Default: also from this machine,
   * if the emulator itself listens on loopback, and the URL (not a redirect, and not a name lookup) names this machine.
   */
  allowPrivateFetch?: boolean | undefined;
  /** Whether the action overwrite replaces all data ("new") or key by key ("old"). Default: "new". */
  overwriteReading?: "new" | "old" | undefined;
  /** Faults to inject. Default: none. */
  faults?: readonly FaultRule[] | undefined;
  /** Seed of the faults with a probability. Default: 1. */
  seed?: number | undefined;
  /** Lets the process end while the emulator runs. Default: false. */
  unref?: boolean | undefined;
}
