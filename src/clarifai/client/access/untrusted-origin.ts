/** Untrusted origins: answers that show that another server has the address of the API, or stands before it. */

import type { IncomingHttpHeaders } from "node:http";
import { redactUrl } from "../../../core/redact-urls.js";

/** An answer that did not come from the API. */
export interface UntrustedOrigin {
  httpStatus: number;
  /** Target of its redirect; undefined for a web page. */
  location: string | undefined;
}

/** Recognizes a redirect, which the API never sends, and a web page, unless its HTTP status says that the server has trouble. */
export function untrustedOriginIn(
  httpStatus: number,
  headers: IncomingHttpHeaders,
  body: string,
): UntrustedOrigin | undefined {
  const { location } = headers;
  if (httpStatus >= 300 && httpStatus < 400 && typeof location === "string") return { httpStatus, location };
  const isPage = /\bhtml\b/i.test(headers["content-type"] ?? "") || /^\s*<(!doctype|html)/i.test(body);
  const mayPass = httpStatus >= 500 || httpStatus === 408 || httpStatus === 425 || httpStatus === 429;
  return isPage && !mayPass ? { httpStatus, location: undefined } : undefined;
}

/** Describes the answer and the next step; `address` is the configured address of the API. */
export function describeUntrustedOrigin(
  { httpStatus, location }: UntrustedOrigin,
  address: string,
): { code: string; text: string } {
  const portal = "if this network has a sign-in page, open it in a browser first";
  if (location === undefined) {
    const fact = `${address} answered with a web page (HTTP ${httpStatus}), not as the API does`;
    return { code: "ERR_NOT_THE_API", text: `${fact}; ${portal}, else check baseUrl (CLARIFAI_API_BASE)` };
  }
  const target = URL.canParse(location, address) ? new URL(location, address) : undefined;
  const fact = `${address} redirects to ${target ? redactUrl(target.href) : "an invalid address"} (HTTP ${httpStatus})`;
  const here = new URL(address);
  const isSame = target?.hostname === here.hostname;
  const step =
    isSame && target?.protocol !== here.protocol
      ? `set baseUrl (CLARIFAI_API_BASE) to ${target?.origin}${here.pathname.replace(/\/+$/, "")}`
      : `set baseUrl (CLARIFAI_API_BASE) to the address of the API; ${portal}`;
  return { code: "ERR_API_MOVED", text: `${fact}, and requests with a key follow no redirects; ${step}` };
}
