/** The parts of undici in use, each imported from its own module: the index also loads fetch, web sockets and caches, and doubles the start of a program. */

import type * as undici from "undici";
import request from "undici/lib/api/api-request.js";
import connector from "undici/lib/core/connect.js";
import AgentClass from "undici/lib/dispatcher/agent.js";
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import PoolClass from "undici/lib/dispatcher/pool.js";

// The index of undici adds `request` to dispatchers in the same way.
Object.assign(Dispatcher.prototype, { request });

export type Agent = undici.Agent;
export const Agent: typeof undici.Agent = AgentClass;
export const Pool: typeof undici.Pool = PoolClass;
export type Pool = undici.Pool;
export type Connector = undici.buildConnector.connector;
export const buildConnector: typeof undici.buildConnector = connector;
