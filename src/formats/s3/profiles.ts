/** The shared files of AWS tools: profiles with credentials, region and endpoint. */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The settings of one profile, by their names. */
export type Profile = Readonly<Record<string, string>>;

/** Name of the profile that the environment selects. */
export function profileName(): string {
  return process.env.AWS_PROFILE || "default";
}

/** Reads a profile from both files; undefined if neither has it. The credentials file wins. */
export function readProfile(name = profileName()): Profile | undefined {
  const { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE } = process.env;
  const config = sectionsOf(AWS_CONFIG_FILE || join(homedir(), ".aws/config"));
  const credentials = sectionsOf(AWS_SHARED_CREDENTIALS_FILE || join(homedir(), ".aws/credentials"));
  const found = [
    config.get(`profile ${name}`) ?? (name === "default" ? config.get(name) : undefined),
    credentials.get(name),
  ];
  return found.some((part) => part !== undefined) ? Object.assign({}, ...found) : undefined;
}

/** Reads the sections of a file; none if it does not exist. Indented lines belong to a nested setting, and are skipped. */
function sectionsOf(path: string): Map<string, Record<string, string>> {
  const sections = new Map<string, Record<string, string>>();
  let section: Record<string, string> = {};
  for (const line of textOf(path).split(/\r?\n/)) {
    const [, name] = /^\[\s*([^\]]+?)\s*\]/.exec(line) ?? [];
    if (name !== undefined) {
      const normal = name.replace(/\s+/g, " ").replace(/"/g, "");
      sections.set(normal, (section = sections.get(normal) ?? {}));
    }
    const [, key, value] = /^([A-Za-z0-9_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) section[key.toLowerCase()] = value;
  }
  return sections;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
