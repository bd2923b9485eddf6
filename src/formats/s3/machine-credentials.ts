/** Credentials that a container or a machine of AWS hands out. */

import { readFileSync } from "node:fs";
import { isLoopbackHost } from "../../core/net/addresses.js";
import { Agent } from "../../core/net/http.js";
import type { S3Credentials } from "./key-pair.js";

/** Longest wait for an answer of the machine, in milliseconds. Elsewhere, nothing answers at its address. */
const machineTimeoutMs = 1000;
const containerTimeoutMs = 5000;
const containerHosts = new Set(["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]);
const maxAnswerBytes = 65_536;

const agent = new Agent({ connections: 1, keepAliveTimeout: 1000 });

/** Returns the credentials of the container, else those of the machine; undefined if there are none. */
export async function fromMachine(): Promise<S3Credentials | undefined> {
  return (await fromContainer()) ?? (await fromInstance());
}

async function fromContainer(): Promise<S3Credentials | undefined> {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = process.env;
  if (!path && !full) return undefined;
  const url = new URL(path ? `http://169.254.170.2${path}` : (full as string));
  const isKnown = containerHosts.has(url.hostname) || isLoopbackHost(url.hostname);
  if (url.protocol !== "https:" && !isKnown) {
    throw new Error(`AWS_CONTAINER_CREDENTIALS_FULL_URI names ${url.host}, which is neither this container nor https`);
  }
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = process.env;
  const authorization = file ? readFileSync(file, "utf8").trim() : token;
  const headers: Record<string, string> = authorization ? { authorization } : {};
  return asCredentials(await ask(url, { headers, timeoutMs: containerTimeoutMs }));
}

/** Asks the metadata service, version 2: a token first, then the role, then its keys. */
async function fromInstance(): Promise<S3Credentials | undefined> {
  const { AWS_EC2_METADATA_DISABLED: disabled, AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint } = process.env;
  if (disabled?.toLowerCase() === "true") return undefined;
  const base = endpoint || "http://169.254.169.254";
  const timeoutMs = machineTimeoutMs;
  let token: string;
  try {
    const headers = { "x-aws-ec2-metadata-token-ttl-seconds": "21600" };
    token = await ask(new URL("/latest/api/token", base), { method: "PUT", headers, timeoutMs });
  } catch {
    return undefined; // no machine of AWS
  }
  const headers = { "x-aws-ec2-metadata-token": token };
  const roles = new URL("/latest/meta-data/iam/security-credentials/", base);
  const [role = ""] = (await ask(roles, { headers, timeoutMs }).catch(() => "")).split("\n");
  if (role === "") return undefined;
  return asCredentials(await ask(new URL(encodeURIComponent(role.trim()), roles), { headers, timeoutMs }));
}

interface AskOptions {
  method?: "GET" | "PUT";
  headers: Record<string, string>;
  timeoutMs: number;
}

async function ask(url: URL, { method = "GET", headers, timeoutMs }: AskOptions): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs);
  const { origin, pathname, search } = url;
  const { statusCode, body } = await agent.request({ origin, path: `${pathname}${search}`, method, headers, signal });
  let text = "";
  for await (const chunk of body as AsyncIterable<Buffer>) {
    text += chunk.toString("utf8");
    if (text.length > maxAnswerBytes) throw new Error(`${url.host} answered with more than ${maxAnswerBytes} bytes`);
  }
  if (statusCode !== 200) throw new Error(`${url.host} answered HTTP ${statusCode} to the request for credentials`);
  return text;
}

function asCredentials(text: string): S3Credentials {
  let found: { AccessKeyId?: string; SecretAccessKey?: string; Token?: string; Expiration?: string };
  try {
    found = JSON.parse(text) as typeof found;
  } catch {
    throw new Error("the answer with the credentials is not JSON"); // without its text, which may be a secret
  }
  return {
    accessKeyId: found.AccessKeyId ?? "",
    secretAccessKey: found.SecretAccessKey ?? "",
    sessionToken: found.Token,
    expiration: found.Expiration === undefined ? undefined : new Date(found.Expiration),
  };
}
