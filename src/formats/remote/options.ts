/** Options of sources that read a file in a bucket or on a web server. */

import * as z from "zod";
import { S3Options } from "../s3/options.js";

export const remoteOptionFields = {
  /** How to reach the bucket of an `s3://` URI: the options of `s3` for endpoint, region and credentials. */
  s3: S3Options.optional(),
  /** Also reads from private, loopback and link-local addresses over http and https. Default: false. */
  allowPrivate: z.boolean().optional(),
};
