/** Options of everything that reads buckets. */

import * as z from "zod";
import type { OptionsOf } from "../../core/plugin/options.js";
import type { CredentialsProvider } from "./credentials.js";
import type { S3Credentials } from "./key-pair.js";

export const s3OptionFields = {
  /** Address of the service, such as "http://localhost:9000". Default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile, and else AWS. */
  endpoint: z.string().min(1).optional(),
  /** Region of the bucket. Default: AWS_REGION, AWS_DEFAULT_REGION, the profile; AWS itself tells another one. */
  region: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, "expected letters, digits and -")
    .optional(),
  /** Whether the bucket is in the path of a request, and not in its host name. Default: true for another service than AWS. */
  pathStyle: z.boolean().optional(),
  /**
   * `{ accessKeyId, secretAccessKey, sessionToken }`, or a function that returns them, such as `fromIni()` of `@aws-sdk/credential-providers`. Default: the
   * environment, the files in ~/.aws with AWS_PROFILE, the container, the machine.
   */
  credentials: z
    .custom<S3Credentials | CredentialsProvider>(
      isCredentials,
      "expected an object with two keys or a function (the value is not shown)",
    )
    .optional(),
  /** Sends requests without a signature, for public buckets. Default: false. */
  anonymous: z.boolean().optional(),
  /** Longest wait for an answer, and between two of its pieces, in milliseconds. Default: 30,000. */
  timeoutMs: z.number().int().positive().optional(),
};

/** How to reach a bucket. */
export const S3Options = z.strictObject(s3OptionFields);
export type S3Options = OptionsOf<typeof s3OptionFields>;

function isCredentials(value: unknown): boolean {
  if (typeof value === "function") return true;
  const { accessKeyId, secretAccessKey } = (value ?? {}) as Partial<S3Credentials>;
  return (
    typeof accessKeyId === "string" &&
    accessKeyId !== "" &&
    typeof secretAccessKey === "string" &&
    secretAccessKey !== ""
  );
}
