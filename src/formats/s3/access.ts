/** How this process reaches buckets. Openers find it by endpoint and bucket, since a URI has no secrets. */

import { InputError, OptionsError } from "../../core/errors.js";
import { trustFile } from "../../core/net/authorities.js";
import { Network } from "../../core/net/network.js";
import { proxiesOf } from "../../core/net/proxy/proxies.js";
import { redactUrl } from "../../core/redact-urls.js";
import { CredentialsCache } from "./credentials.js";
import type { S3Place } from "./object-uri.js";
import type { S3Options } from "./options.js";
import { readProfile } from "./profiles.js";

const defaultTimeoutMs = 30_000;

/** Everything that a request to a bucket needs. */
export interface S3Access {
  /** The place as its URIs name it. */
  place: S3Place;
  /** Undefined for anonymous access. */
  credentials: CredentialsCache | undefined;
  /** Region that the next request is signed for. A server that names another one changes it. */
  region: string;
  timeoutMs: number;
  network: Network;
}

const known = new Map<string, S3Access>();
/** Endpoints that the program named. Only they get signed requests. */
const endpoints = new Set<string>();
let network: Network | undefined;

/**
 * Makes the access to a bucket from the options of a plugin and the environment, and records it for the openers of this process. A later access to the same
 * bucket replaces it.
 *
 * @throws {OptionsError} ERR_OPTIONS, ERR_CA_FILE
 */
export function addAccess(plugin: string, bucket: string, options: S3Options = {}): S3Access {
  const named = options.endpoint ?? configuredEndpoint();
  const endpoint = named === undefined ? undefined : checkEndpoint(plugin, named);
  const isSigned = options.anonymous !== true;
  if (!isSigned && options.credentials) {
    throw new OptionsError("ERR_OPTIONS", `${plugin}: credentials and anonymous: true exclude each other`);
  }
  const region = options.region ?? (endpoint === undefined ? undefined : configuredRegion());
  const { pathStyle, anonymous } = options;
  const access = makeAccess({ bucket, endpoint, region, pathStyle, anonymous }, options);
  if (endpoint !== undefined) endpoints.add(endpoint);
  known.set(keyOf(access.place), access);
  return access;
}

/**
 * Returns the access for the URI of an object: that of the plugin in this process that named the bucket, else one with the credentials of the environment.
 * Requests go only to AWS and to endpoints that this program or its environment names.
 *
 * @throws {InputError} ERR_S3_ENDPOINT
 */
export function accessTo(place: S3Place): S3Access {
  const found = known.get(keyOf(place));
  if (found) return found;
  const { endpoint } = place;
  const configured = configuredEndpoint();
  const isTrusted =
    endpoint === undefined || endpoints.has(endpoint) || (configured !== undefined && trimmed(configured) === endpoint);
  if (!isTrusted) {
    const step = `set AWS_ENDPOINT_URL_S3=${endpoint} if it is yours`;
    throw new InputError(
      "ERR_S3_ENDPOINT",
      `s3://${place.bucket} is at ${endpoint}, which this program does not know; ${step}`,
    );
  }
  const access = makeAccess(place, {});
  known.set(keyOf(place), access);
  return access;
}

function makeAccess(place: S3Place, { credentials, timeoutMs = defaultTimeoutMs }: S3Options): S3Access {
  network ??= makeNetwork();
  return {
    place,
    credentials: place.anonymous ? undefined : new CredentialsCache(credentials),
    region: place.region ?? configuredRegion() ?? "us-east-1",
    timeoutMs,
    network,
  };
}

function makeNetwork(): Network {
  const { AWS_CA_BUNDLE: caFile } = process.env;
  const secureContext = caFile ? trustFile(caFile, "AWS_CA_BUNDLE") : undefined;
  return new Network({ caFile: secureContext && caFile, secureContext, proxyFor: proxiesOf("s3", undefined) });
}

function keyOf({ bucket, endpoint = "", region = "", pathStyle, anonymous = false }: S3Place): string {
  return [endpoint, bucket, region, pathStyle ?? "", anonymous].join("\n");
}

function configuredEndpoint(): string | undefined {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  return AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL || readProfile()?.endpoint_url || undefined;
}

function configuredRegion(): string | undefined {
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  return AWS_REGION || AWS_DEFAULT_REGION || readProfile()?.region || undefined;
}

/** Returns an endpoint without a slash at its end. @throws {OptionsError} ERR_OPTIONS */
function checkEndpoint(plugin: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
  if (isPlain && url.username === "" && url.password === "") return trimmed(text);
  const expected = "expected an address such as http://localhost:9000, without user, query and fragment";
  throw new OptionsError("ERR_OPTIONS", `${plugin}: endpoint: ${expected}, got "${redactUrl(text)}"`);
}

function trimmed(text: string): string {
  return (URL.canParse(text) ? new URL(text).href : text).replace(/\/+$/, "");
}
