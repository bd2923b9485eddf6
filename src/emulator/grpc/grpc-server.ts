/** The gRPC server: HTTP/2 without TLS. It finds the method of each call. */

import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { untrustedOrigin } from "../server/requests.js";
import { sendError } from "./answers.js";
import { Connections } from "./connections.js";
import { loadDefinitions } from "./definitions/definitions.js";
import { reset } from "./faulty-calls.js";
import { GrpcError, grpcCodes } from "./grpc-error.js";
import { type OwnMethod, ownMethods } from "./own-methods.js";
import { type CallOptions, serveCall } from "./serve-call.js";

export interface GrpcServerOptions extends Omit<CallOptions, "definitions" | "connections"> {
  /** Address that the server listens on. */
  host: string;
  /** Port of the REST server, which serves the media. */
  restPort: number;
}

/** A client may send this number of bytes of one call ahead of the server's reading, and of all calls of a connection. */
const windows = { streamBytes: 1024 * 1024, connectionBytes: 16 * 1024 * 1024 };
const maxFrameBytes = 256 * 1024;
const maxConcurrentCalls = 128;
/** Node closes connections whose buffers are larger than this number of megabytes. */
const maxSessionMegabytes = 256;
/** A silent call is cut after this time. */
const callTimeoutMs = 120_000;

/** A server, and the function that closes it. */
export interface GrpcServer {
  server: Http2Server;
  /** Stops listening and closes the connections. Calls that do not end in time are cut. */
  close(timeoutMs: number): Promise<void>;
}

/** Makes the gRPC server. It does not listen yet. */
export function makeGrpcServer(options: GrpcServerOptions): GrpcServer {
  const server = createServer({
    maxSessionMemory: maxSessionMegabytes,
    settings: {
      initialWindowSize: windows.streamBytes,
      maxFrameSize: maxFrameBytes,
      maxConcurrentStreams: maxConcurrentCalls,
    },
  });
  const connections = new Connections(server);
  const definitions = loadDefinitions();
  const serveOptions: ServeOptions = { ...options, definitions, connections, own: ownMethods(definitions) };
  server.on("session", (session) => session.setLocalWindowSize(windows.connectionBytes));
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {}); // A client that cancels a call closes its stream with an error.
    // A paused stream would wait for its reader before it closes.
    stream.once("aborted", () => stream.resume());
    stream.setTimeout(callTimeoutMs, () => reset(stream, constants.NGHTTP2_CANCEL));
    if (connections.isLeaving(stream.session)) return reset(stream, constants.NGHTTP2_REFUSED_STREAM);
    serveStream(stream, headers, serveOptions).catch((error: unknown) => sendError(stream, errorOf(error)));
  });
  const close = async (timeoutMs: number) => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const timer = connections.close(timeoutMs);
    await closed;
    clearTimeout(timer);
  };
  return { server, close };
}

interface ServeOptions extends GrpcServerOptions, CallOptions {
  /** Methods of other services than the platform's. */
  own: ReadonlyMap<string, OwnMethod>;
}

async function serveStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  options: ServeOptions,
): Promise<void> {
  const { ":method": verb, ":path": path = "", ":authority": authority, "content-type": type = "" } = headers;
  if (verb !== "POST" || !/^application\/grpc(?:\+proto)?(?:;|$)/.test(type)) {
    stream.respond({ ":status": constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE }, { endStream: true });
    return stream.close();
  }
  const { origin } = headers;
  const sender = { headers: { host: authority, ...(origin === undefined ? {} : { origin }) } };
  const untrusted = untrustedOrigin(sender, options.host);
  if (untrusted !== undefined) throw new GrpcError(grpcCodes.PERMISSION_DENIED, untrusted);
  const own = options.own.get(path);
  if (own) return own(stream);
  const method = options.definitions.methods.get(path);
  if (!method) throw new GrpcError(grpcCodes.UNIMPLEMENTED, `the emulator does not have the method ${path}`);
  await serveCall({ stream, headers, path, method, base: baseOf(authority, stream, options.restPort) }, options);
}

/** Returns the address of the REST server, under the host name that the client uses. */
function baseOf(authority: string | undefined, { session }: ServerHttp2Stream, restPort: number): string {
  const named = /^([\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?$/.exec(authority ?? "")?.[1];
  if (named !== undefined) return `http://${named}:${restPort}`;
  const { localAddress = "127.0.0.1" } = session?.socket ?? {};
  return `http://${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${restPort}`;
}

function errorOf(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error;
  return new GrpcError(grpcCodes.INTERNAL, error instanceof Error ? error.message : String(error));
}
