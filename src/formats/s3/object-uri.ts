/** Names of objects: as people write them, and as URIs that an opener reads. */

import { InputError, OptionsError } from "../../core/errors.js";
import { formatValue } from "../../core/util/format/format-value.js";

/** A bucket, and how to reach it. */
export interface S3Place {
  bucket: string;
  /** Address of the service without a slash at its end; undefined for AWS. */
  endpoint?: string | undefined;
  /** Region, if it was named. AWS tells it otherwise. */
  region?: string | undefined;
  /** Whether the bucket is in the path of a request. Default: true for another endpoint than that of AWS. */
  pathStyle?: boolean | undefined;
  /** Whether requests are not signed. */
  anonymous?: boolean | undefined;
}

/** An object. */
export interface S3Object extends S3Place {
  key: string;
}

const buckets = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/**
 * Reads `s3://bucket/key` as it is typed: everything behind the bucket is the key or a prefix, with every character of it, as in other tools for S3.
 *
 * @throws {OptionsError} ERR_OPTIONS
 */
export function parseTyped(plugin: string, text: unknown): { bucket: string; key: string } {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(typeof text === "string" ? text : "") ?? [];
  if (buckets.test(bucket)) return { bucket, key };
  const form = "s3://bucket or s3://bucket/prefix";
  throw new OptionsError("ERR_OPTIONS", `${plugin}: expected ${form}, got ${formatValue(text)}`);
}

/** Formats an object as people write it. */
export function typedUri({ bucket, key }: { bucket: string; key: string }): string {
  return `s3://${bucket}/${key}`;
}

/** Writes an object as the URI that its opener reads: a percent-encoded key, and how to reach the bucket. It has no secrets. */
export function objectUri({ bucket, key, endpoint, region, pathStyle, anonymous }: S3Object): string {
  const facts = Object.entries({ endpoint, region, pathStyle, anonymous: anonymous || undefined });
  const query = facts.flatMap(([name, value]) => (value === undefined ? [] : `${name}=${encodeURIComponent(value)}`));
  return `s3://${bucket}/${encodeKey(key)}${query.length > 0 ? `?${query.join("&")}` : ""}`;
}

/** Reads the URI of an object. @throws {InputError} ERR_S3_URI */
export function parseObjectUri(uri: string): S3Object {
  const [, bucket = "", path, query = ""] = /^s3:\/\/([^/?#]+)\/([^?#]+)(?:\?([^#]*))?$/i.exec(uri) ?? [];
  try {
    if (path === undefined || !buckets.test(bucket)) throw new Error("its form is s3://bucket/key");
    const found = new URLSearchParams(query);
    const pathStyle = found.get("pathStyle");
    return {
      bucket,
      key: decodeURIComponent(path),
      endpoint: found.get("endpoint") ?? undefined,
      region: found.get("region") ?? undefined,
      pathStyle: pathStyle === null ? undefined : pathStyle === "true",
      anonymous: found.get("anonymous") === "true",
    };
  } catch (cause) {
    throw new InputError("ERR_S3_URI", `${uri} is not the URI of an object in a bucket`, { cause });
  }
}

/** Encodes a key for a path: everything but letters, digits, `-`, `.`, `_`, `~` and `/`. */
export function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replaceAll("%2F", "/")
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
