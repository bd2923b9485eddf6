/** Connections through a proxy: a tunnel to a server, or the connection to the proxy itself for plain HTTP. */

import { type RequestOptions, request as requestPlain } from "node:http";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { buildConnector, type Connector } from "../http.js";
import type { HttpProxy } from "./http-proxy.js";
import { type ProxyFor, portOf } from "./proxies.js";

/** Longest time to open a tunnel, in milliseconds. */
const tunnelTimeoutMs = 15_000;

/**
 * Opens a tunnel to a server with CONNECT, and returns its socket. `secureContext` says what is trusted if the proxy itself speaks TLS.
 *
 * @throws {ProxyError} ERR_PROXY
 */
export async function openTunnel(proxy: HttpProxy, server: URL, secureContext?: SecureContext): Promise<Socket> {
  const send = proxy.isTls ? (await import("node:https")).request : requestPlain;
  const target = `${server.hostname}:${portOf(server)}`;
  return new Promise((resolve, reject) => {
    const options: RequestOptions & { secureContext?: SecureContext | undefined } = {
      host: proxy.hostname,
      port: proxy.port,
      method: "CONNECT",
      path: target,
      headers: { host: target, ...proxy.headers },
      agent: false,
      secureContext,
    };
    const request = send(options);
    const late = setTimeout(() => {
      request.destroy(new Error(`no answer to CONNECT within ${tunnelTimeoutMs} ms`));
    }, tunnelTimeoutMs);
    const fail = (error: unknown) => {
      clearTimeout(late);
      reject(proxy.failure(error));
    };
    request.on("error", fail);
    request.once("response", (response) => fail(new Error(`HTTP ${response.statusCode} to CONNECT`)));
    request.once("connect", ({ statusCode = 0 }, socket: Socket, head) => {
      clearTimeout(late);
      if (statusCode < 200 || statusCode > 299) {
        socket.on("error", () => undefined).destroy();
        return reject(proxy.refusal(statusCode, target));
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.end();
  });
}

/**
 * Makes a connector that goes through the proxy of a server, or calls `direct` if it has none. A plain HTTP server gets no tunnel, since many proxies
 * refuse one: the connection then goes to the proxy, which takes absolute addresses (`forwarding`).
 */
export function throughProxies(proxyFor: ProxyFor, direct: Connector, secureContext?: SecureContext): Connector {
  const connectToProxy = buildConnector({ timeout: tunnelTimeoutMs, ...(secureContext && { secureContext }) });
  return (options, callback) => {
    const server = new URL(`${options.protocol}//${options.host ?? options.hostname}`);
    const proxy = proxyFor(server);
    if (!proxy) return direct(options, callback);
    if (server.protocol === "http:") {
      const { hostname, port, isTls } = proxy;
      const own = { hostname, host: hostname, port: String(port), protocol: isTls ? "https:" : "http:" };
      connectToProxy(own, (error, socket) => (error ? callback(proxy.failure(error), null) : callback(null, socket)));
      return;
    }
    openTunnel(proxy, server, secureContext).then(
      (httpSocket) => direct({ ...options, httpSocket }, callback),
      (error: Error) => callback(error, null),
    );
  };
}
