/** Options of a transport. */

import type { Traffic } from "../../core/accounting/clients.js";
import type { Network } from "../../core/net/network.js";
import type { Secret } from "./access/secret.js";
import type { GrpcConnection } from "./grpc/grpc-connection.js";
import type { PacerOptions } from "./pacing/pacer.js";

export interface TransportOptions extends PacerOptions, Secret {
  baseUrl: string;
  /** Processes that share requests count them together by this name. Default: the address. */
  account?: string | undefined;
  /** The server is the platform itself, which has no store. Default: false. */
  isPlatform?: boolean | undefined;
  /** Opens the gRPC connections, which count their bytes in `counts`. Default: requests go over REST only. */
  grpc?: ((counts: Traffic) => GrpcConnection) | undefined;
  /** The way to the server. Default: direct, with the authorities of Node.js. The transport closes it. */
  network?: Network | undefined;
  /** Longest wait for an answer to begin, in milliseconds; after twice that it has ended. Default: 120,000. */
  timeoutMs?: number | undefined;
  /** Longest time that a call is retried while nothing succeeds, in milliseconds. Default: 300,000. */
  retryForMs?: number | undefined;
}
