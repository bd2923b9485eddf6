/** Refusals of an S3 service, from their status and their XML. */

import { InputError } from "../../core/errors.js";
import { retryAfterMs } from "../../core/net/retry-after.js";
import { shorten } from "../../core/util/format/shorten.js";
import { parseXml, textOf } from "./xml.js";

type Headers = Record<string, string | string[] | undefined>;

const retryableCodes = new Set([
  "SlowDown",
  "InternalError",
  "ServiceUnavailable",
  "RequestTimeout",
  "ThrottlingException",
]);
const steps: Record<string, string> = {
  AccessDenied: "the credentials may not read it, or it does not exist",
  NoSuchBucket: "check the bucket and the endpoint",
  InvalidAccessKeyId: "check the credentials and the endpoint",
  SignatureDoesNotMatch: "check the secret key and the endpoint",
  RequestTimeTooSkewed: "set the clock of this machine",
  InvalidObjectState: "it is in an archive tier; restore it first",
  ExpiredToken: "renew the credentials",
};

/** An answer of an S3 service that is not what was asked for. */
export class S3Refusal extends InputError {
  readonly statusCode: number;
  /** Code of the service, such as `AccessDenied`; empty if the answer has none. */
  readonly reason: string;
  /** Region that the service says the bucket is in. */
  readonly region: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(what: string, statusCode: number, headers: Headers, body: string) {
    const error = parseXml(body);
    const isError = error?.name === "Error";
    const reason = (isError && textOf(error, "Code")) || codeOfStatus(statusCode);
    const message = (isError && textOf(error, "Message")) || "";
    const retryable =
      statusCode >= 500 ? statusCode !== 501 : statusCode === 408 || statusCode === 429 || retryableCodes.has(reason);
    const step = steps[reason] === undefined ? "" : `; ${steps[reason]}`;
    const facts = [reason, shorten(message.replace(/\s+/g, " "), 200)].filter((text) => text !== "").join(": ");
    super(codeFor(statusCode, reason), `${what}: HTTP ${statusCode}${facts === "" ? "" : ` (${facts})`}${step}`, {
      retryable,
    });
    this.statusCode = statusCode;
    this.reason = reason;
    const header = headers["x-amz-bucket-region"];
    this.region = typeof header === "string" ? header : isError ? textOf(error, "Region") : undefined;
    this.retryAfterMs = retryAfterMs(headers);
  }
}

function codeFor(statusCode: number, reason: string): string {
  if (statusCode === 412 || statusCode === 416) return "ERR_FILE_CHANGED";
  return reason === "NoSuchKey" ? "ERR_S3_NO_OBJECT" : "ERR_S3_REFUSED";
}

/** A service that answers without XML still says that an object does not exist. */
function codeOfStatus(statusCode: number): string {
  return statusCode === 404 ? "NoSuchKey" : "";
}
