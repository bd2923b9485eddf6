/** The option of the commands that read a share of their sources. */

import type { Command } from "commander";
import type { Source } from "../../core/plugin/source.js";
import { parseShard } from "../../core/shard/shard.js";

export interface ShardingOptions {
  shard?: string;
}

/** Adds the option. */
export function withShard(command: Command): Command {
  return command.option(
    "--shard <shard>",
    "only a share of the inputs, by the hash of their ids: 3/8 is the third of eight. auto/8 takes the first number from JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID, auto both from a Slurm job array. The rate of the account is divided",
    (text: string) => parseShard("--shard", text).text,
  );
}

/** Returns a source that reads only the share that the options name. */
export function sharded<S extends Source>(source: S, { shard }: ShardingOptions): S {
  return shard === undefined ? source : { ...source, shard };
}
