/** Stages: what the operators of this library announce when a pipe is put together. RxJS operators announce nothing. */

import type { SinkTarget } from "../accounting/targets.js";

/**
 * A transform, a batch, or a sink with what it writes to. With "wholeRecords", a sink says that it records inputs in full: a listing then reads their
 * annotations and datasets too.
 */
export type Stage = { kind: "transform" | "batch" | "wholeRecords" } | { kind: "sink"; target: SinkTarget };

let announced: Stage[] | undefined;

/** Puts operators together and gathers the stages that they announce meanwhile; nothing is read yet. */
export function stagesOf<T>(build: () => T): { made: T; stages: readonly Stage[] } {
  const outer = announced;
  const stages: Stage[] = [];
  announced = stages;
  try {
    return { made: build(), stages };
  } finally {
    announced = outer;
    outer?.push(...stages);
  }
}

/** What the sinks of a pipe write to. */
export function targetsOf<T>(build: () => T): { made: T; targets: readonly SinkTarget[] } {
  const { made, stages } = stagesOf(build);
  return { made, targets: stages.flatMap((stage) => (stage.kind === "sink" ? [stage.target] : [])) };
}

/** Announces a stage; its operator does so when it is applied. */
export function announce(stage: Stage): void {
  announced?.push(stage);
}
