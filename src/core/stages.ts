/** Stages: what the operators of this library announce when a pipe is put together. RxJS operators announce nothing. */

/**
 * A transform, a batch or a sink. A sink says what it does, and to what: `remove from me/photos at https://api.clarifai.com`. With "wholeRecords", a sink
 * says that it records inputs in full: a listing then reads their annotations and datasets too.
 */
export type Stage = { kind: "transform" | "batch" | "wholeRecords" } | { kind: "sink"; effect: string };

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

/** What the sinks of a pipe do; a journal tells flows apart by it. */
export function effectsOf<T>(build: () => T): { made: T; effects: readonly string[] } {
  const { made, stages } = stagesOf(build);
  return { made, effects: stages.flatMap((stage) => (stage.kind === "sink" ? [stage.effect] : [])) };
}

/** Announces a stage; its operator does so when it is applied. */
export function announce(stage: Stage): void {
  announced?.push(stage);
}
