/** Signatures of requests, version 4. They are headers: a signed URL never exists. */

import type { S3Credentials } from "./key-pair.js";

export interface Unsigned {
  host: string;
  /** Path and query, encoded. */
  path: string;
  region: string;
}

/** Returns the headers that sign a GET request. */
export async function signatureOf(
  { host, path, region }: Unsigned,
  { accessKeyId, secretAccessKey, sessionToken }: S3Credentials,
): Promise<Record<string, string>> {
  const { default: aws4 } = await import("aws4");
  const request = { host, path, region, service: "s3", method: "GET", headers: {} };
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
  return aws4.sign(request, credentials).headers as Record<string, string>;
}
