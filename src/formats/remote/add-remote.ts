/** Files that the user names: in a bucket, or on a web server. */

import { checkUrl } from "../../core/net/guarded-fetch.js";
import { addAccess } from "../s3/access.js";
import { objectUri, parseTyped, typedUri } from "../s3/object-uri.js";
import type { S3Options } from "../s3/options.js";
import { addHttpFile } from "./http-file.js";

export interface RemoteOptions {
  /** How to reach a bucket. */
  s3?: S3Options | undefined;
  /** Whether a web server may have a private address. */
  allowPrivate?: boolean | undefined;
}

/** A remote file that was named. */
export interface NamedRemote {
  /** The name for people: without a signature. */
  name: string;
  uri: string;
}

/** Records how to reach a file, and returns its names. @throws {OptionsError} ERR_OPTIONS @throws {InputError} ERR_URL_CREDENTIALS */
export function addRemote(plugin: string, text: string, { s3, allowPrivate = false }: RemoteOptions): NamedRemote {
  if (!/^s3:/i.test(text)) {
    checkUrl(text);
    const uri = addHttpFile(text, { allowPrivate });
    return { name: uri, uri };
  }
  const { bucket, key } = parseTyped(plugin, text);
  const { place } = addAccess(plugin, bucket, s3);
  return { name: typedUri({ bucket, key }), uri: objectUri({ ...place, key }) };
}
