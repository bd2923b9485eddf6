/** The config file with profiles: `~/.config/sluice/config.json`. */

import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import * as z from "zod";
import { codeOf, describeError, OptionsError } from "../../core/errors.js";
import { writeNotice } from "../../core/util/notice.js";

const text = z.string().min(1);
const Profile = z.strictObject({
  user: text.optional(),
  app: text.optional(),
  baseUrl: text.optional(),
  /** Data folder of an emulator, in place of a server. */
  store: text.optional(),
  /** The key itself. */
  pat: text.optional(),
  /** Name of the variable that has the key. */
  patEnv: text.optional(),
  wire: z.enum(["grpc", "rest", "auto"]).optional(),
  grpcUrl: text.optional(),
});
export type Profile = z.output<typeof Profile>;

const Config = z.strictObject({ profiles: z.record(z.string(), Profile).default({}) });

/** The profiles of the config file. */
export interface ConfigFile {
  path: string;
  exists: boolean;
  profiles: Readonly<Record<string, Profile>>;
}

/** Returns the path of the config file: `SLUICE_CONFIG`, else a file in the folder for settings. */
export function configPath(env: NodeJS.ProcessEnv = process.env): string {
  const { SLUICE_CONFIG: named, XDG_CONFIG_HOME: xdg, APPDATA: appData } = env;
  if (named) return named;
  if (xdg && isAbsolute(xdg)) return join(xdg, "sluice", "config.json");
  if (process.platform === "win32" && appData) return join(appData, "sluice", "config.json");
  return join(homedir(), ".config", "sluice", "config.json");
}

/**
 * Reads the config file. Warns if it has a key that other users of the machine can read.
 *
 * @throws {OptionsError} ERR_CONFIG if it cannot be read or has another form, or if `SLUICE_CONFIG` names it and it does not exist
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): ConfigFile {
  const path = configPath(env);
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error, "") !== "ENOENT")
      throw new OptionsError("ERR_CONFIG", `the config file ${path} cannot be read: ${describeError(error)}`);
    if (!env.SLUICE_CONFIG) return { path, exists: false, profiles: {} };
    throw new OptionsError("ERR_CONFIG", `the config file ${path}, which SLUICE_CONFIG names, does not exist`);
  }
  const { profiles } = parsed(path, content);
  for (const [name, { pat, patEnv, baseUrl, store }] of Object.entries(profiles)) {
    const twice =
      pat && patEnv ? "pat and patEnv" : store && (baseUrl || pat || patEnv) ? "store and a server or key" : "";
    if (twice === "") continue;
    throw new OptionsError("ERR_CONFIG", `${path}: the profile "${name}" has ${twice}; leave one of them out`);
  }
  if (Object.values(profiles).some(({ pat }) => pat !== undefined)) warnIfReadable(path);
  return { path, exists: true, profiles };
}

function parsed(path: string, content: string): z.output<typeof Config> {
  let json: unknown;
  try {
    json = JSON.parse(content.replace(/^\uFEFF/, ""));
  } catch {
    // The error of JSON.parse quotes the text, which may have a key in it.
    throw new OptionsError("ERR_CONFIG", `the config file ${path} is not JSON`);
  }
  const result = Config.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.join(".") ?? "";
  const what = issue?.code === "unrecognized_keys" ? `unknown: ${issue.keys.join(", ")}` : (issue?.message ?? "");
  const hint =
    'it must be {"profiles": {"name": {"user", "app", "baseUrl", "store", "pat", "patEnv", "wire", "grpcUrl"}}}';
  throw new OptionsError("ERR_CONFIG", `the config file ${path}: ${where === "" ? "" : `${where}: `}${what}; ${hint}`);
}

function warnIfReadable(path: string): void {
  if (process.platform === "win32") return;
  const othersMayRead = (statSync(path).mode & 0o077) !== 0;
  if (othersMayRead)
    writeNotice(`sluice: other users can read ${path}, which has a key in it; run chmod 600 ${path}\n`);
}
