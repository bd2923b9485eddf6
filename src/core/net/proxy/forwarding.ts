/** Plain HTTP through a proxy: requests name the absolute address, and carry the credential for the proxy. */

import type { Dispatcher } from "undici";
import type { HttpProxy } from "./http-proxy.js";
import type { ProxyFor } from "./proxies.js";

/** Changes the requests of an agent to plain HTTP servers that have a proxy. All other requests pass unchanged. */
export function forwarding<T extends Dispatcher>(dispatcher: T, proxyFor: ProxyFor, origin?: string): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => {
    const server = new URL(options.origin ?? (origin as string));
    const proxy = server.protocol === "http:" ? proxyFor(server) : undefined;
    if (!proxy) return dispatch(options, handler);
    const headers = { ...(options.headers as Record<string, string>), ...proxy.headers };
    return dispatch({ ...options, path: `${server.origin}${options.path}`, headers }, refusing(handler, proxy, server));
  });
}

/** Wraps a handler: only a proxy answers 407. */
function refusing(handler: Dispatcher.DispatchHandler, proxy: HttpProxy, server: URL): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart(controller, statusCode, headers, message) {
      if (statusCode === 407) throw proxy.refusal(statusCode, server.host);
      handler.onResponseStart?.(controller, statusCode, headers, message);
    },
    onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  };
}
