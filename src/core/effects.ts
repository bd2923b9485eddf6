/** Effects: what the sinks of a flow do, and to what; a journal tells flows apart by them. */

let told: string[] | undefined;

/** Puts operators together and gathers what their sinks tell meanwhile; nothing is read yet. */
export function effectsOf<T>(build: () => T): { made: T; effects: readonly string[] } {
  const before = told;
  const effects: string[] = [];
  told = effects;
  try {
    return { made: build(), effects };
  } finally {
    told = before;
  }
}

/** Tells what a sink does, when its operator is applied: `remove from me/photos at https://api.clarifai.com`. */
export function tellEffect(effect: string): void {
  told?.push(effect);
}

let asked: { wholeRecords: boolean } | undefined;

/** Puts operators together and finds out whether one of them records inputs in full. */
export function needsOf<T>(build: () => T): { made: T; wholeRecords: boolean } {
  const before = asked;
  const needs = { wholeRecords: false };
  asked = needs;
  try {
    return { made: build(), ...needs };
  } finally {
    asked = before;
  }
}

/** Says that a sink records inputs in full, when its operator is applied: a listing then reads their annotations and datasets too. */
export function needWholeRecords(): void {
  if (asked) asked.wholeRecords = true;
}
