/** The shard that a cluster's scheduler names in the environment of a task. */

import type { OptionsError } from "../errors.js";

const kubernetes = "JOB_COMPLETION_INDEX";
const slurm = "SLURM_ARRAY_TASK_ID";

/** Makes an error of a problem. */
type Refuse = (problem: string) => OptionsError;

/**
 * Finds the index of this task, from 1, and the number of shards.
 *
 * Kubernetes counts the tasks of an indexed Job from 0, and names no number. Slurm names the first id of a job array, its step and its size. An array with
 * gaps, or of another size than `count`, is refused: which shard a task is would depend on which tasks were submitted together.
 *
 * @param count the number of shards that the user named.
 * @throws {OptionsError} what `refuse` makes
 */
export function indexFromEnvironment(
  count: number | undefined,
  env: NodeJS.ProcessEnv,
  refuse: Refuse,
): { index: number; count: number } {
  const job = numberOf(kubernetes, env, refuse);
  const task = numberOf(slurm, env, refuse);
  if (job !== undefined && task !== undefined) {
    throw refuse(
      `${kubernetes} is ${job} and ${slurm} is ${task}, and only one can number the shards; name one, such as "1/8"`,
    );
  }
  if (job !== undefined) return fromKubernetes(job, count, refuse);
  if (task !== undefined) return fromSlurm(task, count, env, refuse);
  throw refuse(`neither ${kubernetes} nor ${slurm} is set; name the shard, such as "1/8"`);
}

function fromKubernetes(job: number, count: number | undefined, refuse: Refuse) {
  if (count === undefined) {
    throw refuse(`Kubernetes does not name the number of shards; write it, such as "auto/8" for completions: 8`);
  }
  if (job < count) return { index: job + 1, count };
  throw refuse(
    `${kubernetes} is ${job}, and Kubernetes counts from 0, so of ${count} shards the last one has ${count - 1}; the Job needs completions: ${count}`,
  );
}

function fromSlurm(task: number, count: number | undefined, env: NodeJS.ProcessEnv, refuse: Refuse) {
  const first = numberOf("SLURM_ARRAY_TASK_MIN", env, refuse);
  const last = numberOf("SLURM_ARRAY_TASK_MAX", env, refuse);
  const step = numberOf("SLURM_ARRAY_TASK_STEP", env, refuse) ?? 1;
  const size = numberOf("SLURM_ARRAY_TASK_COUNT", env, refuse);
  const explicit = `name the shard, such as "$${slurm}/8" for --array=1-8`;
  if (first === undefined || size === undefined) {
    const missing = first === undefined ? "SLURM_ARRAY_TASK_MIN" : "SLURM_ARRAY_TASK_COUNT";
    throw refuse(
      `${slurm} is ${task}, but ${missing} is not set, so the number of the first task is unknown; ${explicit}`,
    );
  }
  if (count !== undefined && count !== size) {
    throw refuse(`SLURM_ARRAY_TASK_COUNT is ${size}, and the number of shards is ${count}; ${explicit}`);
  }
  const end = first + (size - 1) * step;
  if (last !== undefined && last !== end) {
    const text = `the array of ${size} tasks from ${first} to SLURM_ARRAY_TASK_MAX ${last} has gaps`;
    throw refuse(`${text}; ${explicit}`);
  }
  const index = (task - first) / step + 1;
  if (Number.isInteger(index) && index >= 1 && index <= size) return { index, count: size };
  throw refuse(`${slurm} is ${task}, and the array has the tasks ${first} to ${end} in steps of ${step}; ${explicit}`);
}

/** Reads a whole number. An empty variable counts as not set. */
function numberOf(name: string, env: NodeJS.ProcessEnv, refuse: Refuse): number | undefined {
  const text = env[name];
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw refuse(`${name} must be a whole number, got "${text.slice(0, 40)}"`);
}
