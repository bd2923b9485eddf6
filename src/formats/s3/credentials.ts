/** Credentials for S3: from an option, the environment, the shared files, or the machine. */

import { describeError, SourceError } from "../../core/errors.js";
import { isObject } from "../../core/util/json/json-values.js";
import type { S3Credentials } from "./key-pair.js";
import { profileName, readProfile } from "./profiles.js";

/** Returns credentials. It is called again when they expire; the providers of `@aws-sdk/credential-providers` have this form. */
export type CredentialsProvider = () => S3Credentials | Promise<S3Credentials>;

/** How long before their end credentials are replaced, in milliseconds. */
const marginMs = 300_000;

/** Settings of a profile that need more than a key pair, and what they are. */
const otherWays = [
  ["role_arn", "assumes a role"],
  ["sso_session", "signs in with SSO"],
  ["sso_start_url", "signs in with SSO"],
  ["credential_process", "runs a program"],
  ["web_identity_token_file", "exchanges a token"],
] as const;

/** Gets credentials, and keeps them until they expire. */
export class CredentialsCache {
  readonly #get: CredentialsProvider;
  #found: Promise<S3Credentials> | undefined;

  constructor(option: S3Credentials | CredentialsProvider | undefined) {
    this.#get = typeof option === "function" ? option : option ? () => option : fromChain;
  }

  /** @throws {SourceError} ERR_S3_CREDENTIALS */
  async get(): Promise<S3Credentials> {
    const isOver = ({ expiration }: S3Credentials) =>
      expiration !== undefined && expiration.getTime() - marginMs <= Date.now();
    try {
      if (this.#found && isOver(await this.#found)) this.#found = undefined;
      this.#found ??= this.#checked();
      return await this.#found;
    } catch (error) {
      this.#found = undefined;
      throw error;
    }
  }

  /** Forgets credentials that a server says have expired. */
  forget(): void {
    this.#found = undefined;
  }

  async #checked(): Promise<S3Credentials> {
    let found: unknown;
    try {
      found = await this.#get();
    } catch (error) {
      if (error instanceof SourceError) throw error;
      throw refused(`the credentials cannot be read: ${describeError(error)}`, error);
    }
    const { accessKeyId, secretAccessKey } = (isObject(found) ? found : {}) as Partial<S3Credentials>;
    if (accessKeyId && secretAccessKey) return found as S3Credentials;
    throw refused("the credentials have no accessKeyId or no secretAccessKey"); // without the value, which is a secret
  }
}

/** Searches credentials as AWS tools do: environment, profile, container, machine. @throws {SourceError} ERR_S3_CREDENTIALS */
export async function fromChain(): Promise<S3Credentials> {
  const found = fromEnvironment() ?? fromProfile();
  if (found) return found;
  const { fromMachine } = await import("./machine-credentials.js");
  const ofMachine = await fromMachine();
  if (ofMachine) return ofMachine;
  const places = `AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile "${profileName()}", the container, the machine`;
  throw refused(
    `there are no credentials (searched: ${places}); set them, or read a public bucket with anonymous: true`,
  );
}

function fromEnvironment(): S3Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = process.env;
  if (!accessKeyId && !secretAccessKey) return undefined;
  if (accessKeyId && secretAccessKey)
    return { accessKeyId, secretAccessKey, sessionToken: AWS_SESSION_TOKEN || undefined };
  const missing = accessKeyId ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID";
  throw refused(`${missing} is not set, but the other half of the key is`);
}

function fromProfile(): S3Credentials | undefined {
  const profile = readProfile();
  const { AWS_PROFILE } = process.env;
  if (!profile && AWS_PROFILE) throw refused(`the profile "${AWS_PROFILE}" of AWS_PROFILE is in none of the files`);
  if (!profile) return undefined;
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey, aws_session_token: token } = profile;
  if (accessKeyId && secretAccessKey && !profile.role_arn) {
    return { accessKeyId, secretAccessKey, sessionToken: token || undefined };
  }
  const [, what] = otherWays.find(([setting]) => profile[setting] !== undefined) ?? [];
  if (what === undefined) return undefined;
  const step = "pass credentials: fromIni() of @aws-sdk/credential-providers, or export its keys to the environment";
  throw refused(`the profile "${profileName()}" ${what}, which is not supported; ${step}`);
}

function refused(text: string, cause?: unknown): SourceError {
  return new SourceError("ERR_S3_CREDENTIALS", `s3: ${text}`, cause === undefined ? {} : { cause });
}
