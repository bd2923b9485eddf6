/** Credentials in the form of the AWS tools. */

/** A key pair. */
export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
  /** When the credentials end. They are requested again five minutes before. */
  expiration?: Date | undefined;
}
