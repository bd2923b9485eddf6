/** The target of a connection: the server and the app that its options name. */

import { OptionsError } from "../../../core/errors.js";
import { readAppUrl } from "./app-url.js";
import type { Secret } from "./secret.js";
import { checkServerUrl } from "./server-url.js";

export const platformHost = "api.clarifai.com";
export const platformUrl = `https://${platformHost}`;

/** The options that name a target. */
export interface TargetOptions extends Secret {
  url?: string | undefined;
  data?: string | undefined;
  baseUrl?: string | undefined;
  userId?: string | undefined;
  appId?: string | undefined;
  wire?: string | undefined;
  grpcUrl?: string | undefined;
}

/** Refuses options that name two targets. @throws {OptionsError} ERR_OPTIONS */
export function refuseTwoTargets({
  url,
  data,
  baseUrl,
  pat,
  sessionToken,
  userId,
  appId,
  wire,
  grpcUrl,
}: TargetOptions): void {
  if (wire === "rest" && grpcUrl !== undefined) {
    throw new OptionsError("ERR_OPTIONS", 'connect: grpcUrl is for gRPC, and wire is "rest"; pass one of them');
  }
  if (url !== undefined) {
    const [same] = Object.entries({ userId, appId, data }).find(([, value]) => value !== undefined) ?? [];
    if (same !== undefined) {
      throw new OptionsError("ERR_OPTIONS", `connect: url and ${same} name two targets; pass one of them`);
    }
  }
  if (data === undefined) return;
  const others = Object.entries({ baseUrl, pat, sessionToken });
  const [other] = others.find(([, value]) => value !== undefined) ?? [];
  if (other === undefined) return;
  const hint = "data is the folder of an emulator in this process, which has its own address and key";
  throw new OptionsError("ERR_OPTIONS", `connect: data and ${other} name two targets; pass one of them (${hint})`);
}

/** Returns what the page of an app decides: user, app and server. @throws {OptionsError} ERR_OPTIONS */
export function targetOfUrl({ url, baseUrl }: TargetOptions): Pick<TargetOptions, "userId" | "appId" | "baseUrl"> {
  if (url === undefined) return {};
  const { userId, appId, isPlatform } = readAppUrl(url, variable("CLARIFAI_UI"));
  if (isPlatform && baseUrl !== undefined && new URL(checkServerUrl("baseUrl", baseUrl, false)).host !== platformHost) {
    throw new OptionsError(
      "ERR_OPTIONS",
      "connect: url is a page of the platform, and baseUrl another server; pass one of them",
    );
  }
  if (isPlatform) return { userId, appId, baseUrl: platformUrl };
  const server = baseUrl ?? variable("CLARIFAI_API_BASE");
  if (server !== undefined) return { userId, appId, baseUrl: server };
  const text = "url is a page of another server than the platform; name its API with baseUrl or CLARIFAI_API_BASE";
  throw new OptionsError("ERR_OPTIONS", `connect: ${text}`);
}

/** Returns the trimmed value of an environment variable; undefined if it is empty. */
export function variable(name: string): string | undefined {
  const text = process.env[name]?.trim();
  return text === "" ? undefined : text;
}
