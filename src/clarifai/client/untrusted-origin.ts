/** Untrusted origins: answers that show that something else than the API has the address, or stands before it. */

import type { IncomingHttpHeaders } from "node:http";
import { redactUrl } from "../../core/redact-urls.js";

/** An answer that is not the API's. */
export interface Stranger {
  httpStatus: number;
  /** Where it redirects to; undefined for a web page. */
  location: string | undefined;
}

/** A redirect, which the API never sends, or a web page that does not say that a server is in trouble. */
export function strangerIn(httpStatus: number, headers: IncomingHttpHeaders, body: string): Stranger | undefined {
  const { location } = headers;
  if (httpStatus >= 300 && httpStatus < 400 && typeof location === "string") return { httpStatus, location };
  const isPage = /\bhtml\b/i.test(headers["content-type"] ?? "") || /^\s*<(!doctype|html)/i.test(body);
  const mayPass = httpStatus >= 500 || httpStatus === 408 || httpStatus === 425 || httpStatus === 429;
  return isPage && !mayPass ? { httpStatus, location: undefined } : undefined;
}

/** What it is, in words, and the next step; `address` is the API's as it was given. */
export function describeStranger({ httpStatus, location }: Stranger, address: string): { code: string; text: string } {
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
      : `set baseUrl (CLARIFAI_API_BASE) to where the API is; ${portal}`;
  return { code: "ERR_API_MOVED", text: `${fact}, and requests with a key follow no redirects; ${step}` };
}
