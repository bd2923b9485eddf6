/** One HTTP proxy: its address, its credentials and its errors. */

import { codeOf, describeError, InputError } from "../../errors.js";
import { redactUrl } from "../../redact-urls.js";
import { certificateProblem } from "../certificate.js";

/** No request reached the server, because of the proxy. */
export class ProxyError extends InputError {}

/** An HTTP proxy. Its name has no credentials. */
export class HttpProxy {
  /** The address, and the setting that names it: `http://proxy:3128 (HTTPS_PROXY)`. */
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  /** Whether the proxy itself is reached over TLS. */
  readonly isTls: boolean;
  readonly #authorization: string | undefined;

  /** `url` is checked. */
  constructor(url: URL, setting: string) {
    const { protocol, hostname, port, username, password, host } = url;
    this.name = `${protocol}//${host} (${setting})`;
    this.hostname = hostname.replace(/^\[|\]$/g, "");
    this.isTls = protocol === "https:";
    this.port = Number(port) || (this.isTls ? 443 : 80);
    const pair = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    this.#authorization = pair.length > 1 ? `Basic ${pair.toString("base64")}` : undefined;
  }

  /** Headers for the proxy alone. */
  get headers(): Record<string, string> {
    return this.#authorization === undefined ? {} : { "proxy-authorization": this.#authorization };
  }

  /** Makes the error of an answer that is not a tunnel. A failure behind the proxy may pass. */
  refusal(statusCode: number, target: string): ProxyError {
    const retryable = statusCode >= 500 || statusCode === 408 || statusCode === 429;
    return new ProxyError("ERR_PROXY", this.#refusalText(statusCode, target), { retryable });
  }

  #refusalText(statusCode: number, target: string): string {
    // Some proxies answer with the code for servers, 401.
    if (statusCode === 407 || statusCode === 401) {
      return this.#authorization === undefined
        ? `the proxy ${this.name} asks for a user name and a password (HTTP ${statusCode}); write them into its URL, http://USER:PASSWORD@…`
        : `the proxy ${this.name} does not accept the user name and the password of its URL (HTTP ${statusCode})`;
    }
    const verb = statusCode >= 500 ? "cannot connect" : "refuses to connect";
    return `the proxy ${this.name} ${verb} to ${target} (HTTP ${statusCode})`;
  }

  /** Makes the error of a proxy that cannot be reached, or that does not answer as a proxy. */
  failure(error: unknown): ProxyError {
    if (error instanceof ProxyError) return error;
    const problem = certificateProblem(error, `the proxy ${this.name}`);
    if (problem !== undefined) return new ProxyError("ERR_PROXY", problem, { cause: error });
    const isUnreachable = /^(ECONN(REFUSED|ABORTED)|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|ETIMEDOUT)$/;
    const fact = isUnreachable.test(codeOf(error, "")) ? "cannot be reached" : "does not answer as an HTTP proxy does";
    const text = `the proxy ${this.name} ${fact}: ${describeError(error)}`;
    return new ProxyError("ERR_PROXY", text, { cause: error, retryable: true });
  }
}

/** Parses the URL of a proxy; `http://` may be left out. Returns the reason if it is not one, without its password. */
export function parseProxy(text: string): URL | { reason: string } {
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(full)) return { reason: `"${redactUrl(text)}" is not a URL` };
  const url = new URL(full);
  const { protocol, host, pathname, search, hash, username, password } = url;
  if (protocol !== "http:" && protocol !== "https:") {
    return { reason: `${protocol}//${host} is not an HTTP proxy; pass http:// or https://` };
  }
  if (pathname.length > 1 || search !== "" || hash !== "") {
    return { reason: `${protocol}//${host} has a path, a query or a fragment; leave it out` };
  }
  try {
    decodeURIComponent(username + password);
  } catch {
    return { reason: `${protocol}//${host} has a user name or a password with a % that begins no escape; write %25` };
  }
  return url;
}
