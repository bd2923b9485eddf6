/** Shards: shares of a source that separate processes read, without a coordinator between them. */

import { hash } from "node:crypto";
import { OptionsError } from "../errors.js";
import { formatValue } from "../util/format/format-value.js";
import { indexFromEnvironment } from "./environment.js";

/** Maximum number of shards. */
const maxCount = 1_000_000;

const isAscii = /^[\x00-\x7F]*$/;

/** One of several shares of a source, such as the third of eight. */
export class Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;

  constructor(index: number, count: number) {
    this.index = index;
    this.count = count;
  }

  /** `3/8`. */
  get text(): string {
    return `${this.index}/${this.count}`;
  }

  /**
   * Whether a key belongs to this shard. A key belongs to the same shard on every machine and in every release: the first 48 bits of its SHA-256 (UTF-8,
   * NFC), modulo the number of shards.
   */
  has(key: string): boolean {
    if (this.count === 1) return true;
    const normal = isAscii.test(key) ? key : key.normalize("NFC");
    const digest = hash("sha256", normal, "hex").slice(0, 12);
    return Number.parseInt(digest, 16) % this.count === this.index - 1;
  }
}

/**
 * Parses `3/8`, the third of eight shards. `auto/8` takes the index from the variables of a Kubernetes indexed Job or a Slurm job array; `auto` takes both
 * numbers from a Slurm job array.
 *
 * @param plugin name for the error.
 * @throws {OptionsError} ERR_OPTIONS
 */
export function parseShard(plugin: string, value: unknown, env: NodeJS.ProcessEnv = process.env): Shard {
  const refuse = (text: string) => new OptionsError("ERR_OPTIONS", `${plugin}: ${text}`);
  const match = typeof value === "string" ? /^(\d+|auto)(?:\/(\d+))?$/.exec(value) : null;
  if (!match || (match[1] !== "auto" && match[2] === undefined)) {
    const forms = 'such as "3/8" for the third of eight, or "auto/8"';
    throw refuse(`shard must be a text ${forms}, got ${formatValue(value)}`);
  }
  const [text, first, second] = match;
  const given = second === undefined ? undefined : Number(second);
  if (given !== undefined && (given < 1 || given > maxCount)) {
    throw refuse(`shard "${text}": the number of shards must be from 1 to ${maxCount}`);
  }
  if (first === "auto") {
    const { index, count } = indexFromEnvironment(given, env, (problem) => refuse(`shard "${text}": ${problem}`));
    return new Shard(index, count);
  }
  const [index, count] = [Number(first), given as number];
  if (index >= 1 && index <= count) return new Shard(index, count);
  throw refuse(`shard "${text}": shards count from 1, so the first number must be from 1 to ${count}`);
}

/** Returns the last part of an origin: the file name of a path. What stands before it depends on how a path was typed. */
export function lastPartOf(origin: string): string {
  const end = /[^/\\]+[/\\]*$/.exec(origin.slice(-maxPartLength));
  return end === null ? origin : end[0];
}

/** Longest part of an origin that counts, so that a long one is not searched. */
const maxPartLength = 1000;
