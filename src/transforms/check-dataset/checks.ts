/** The checks: their names, how severe a finding is, and what it means. */

export const severities = ["error", "warning", "info"] as const;
/** How severe a finding is. "error": the input would fail, or a result of training would be wrong. "info": a fact to know. */
export type Severity = (typeof severities)[number];

interface Check {
  severity: Severity;
  /** What a finding means, and the next step where there is one. */
  meaning: string;
}

/** All checks, in the order of the report. */
export const checks = {
  "broken-file": { severity: "error", meaning: "the file is empty, truncated or damaged, or cannot be read" },
  "unsupported-format": {
    severity: "error",
    meaning: "the platform does not accept the format; fitImage converts images",
  },
  "over-limit": { severity: "error", meaning: "larger than a limit of the platform; fitImage makes images smaller" },
  "invalid-input": { severity: "error", meaning: "the input has a wrong id, shape or kind" },
  "orphan-label": { severity: "error", meaning: "a label names an image that does not exist" },
  "broken-label": { severity: "error", meaning: "a label or its file cannot be read" },
  "size-mismatch": { severity: "error", meaning: "the label declares another size than its image has" },
  "degenerate-box": { severity: "error", meaning: "a box or polygon has no area" },
  "out-of-frame-box": { severity: "error", meaning: "a box, polygon or point lies outside of its image" },
  "invalid-polygon": { severity: "error", meaning: "a polygon has fewer than three corners" },
  "empty-dataset": { severity: "error", meaning: "there is nothing to check" },
  unreadable: { severity: "error", meaning: "the source cannot read it" },
  "duplicate-id": { severity: "error", meaning: "another input has the same id" },
  leakage: { severity: "error", meaning: "the same content, or a near-duplicate of an image, is in two splits" },
  "duplicate-file": { severity: "warning", meaning: "the same content twice; dedupe drops it" },
  "near-duplicate": {
    severity: "warning",
    meaning: "an image looks like another one of its split; nearDuplicates drops it",
  },
  "duplicate-box": { severity: "warning", meaning: "the same box or polygon with the same class twice in one image" },
  "tiny-box": { severity: "warning", meaning: "a box or polygon covers less than one pixel" },
  "tiny-image": { severity: "warning", meaning: "an image has a side of fewer than 10 pixels" },
  "no-class": { severity: "warning", meaning: "a box, polygon, point or mask has no class" },
  "undeclared-class": { severity: "warning", meaning: "a class is not among the declared classes" },
  "empty-class": { severity: "warning", meaning: "a class is declared, and nothing has it" },
  "class-not-in-train": { severity: "warning", meaning: "a class occurs in other splits, and not in train" },
  "class-imbalance": { severity: "info", meaning: "one class is at least ten times as frequent as another" },
  "no-label": { severity: "info", meaning: "an input has no class and no annotation, while others do" },
  "mixed-sizes": { severity: "info", meaning: "the images have different sizes" },
  note: { severity: "info", meaning: "the source noted something about how it read an input" },
} as const satisfies Record<string, Check>;

/** Name of a check. */
export type CheckName = keyof typeof checks;

export const checkNames = Object.keys(checks) as readonly CheckName[];

/** Values of `failOn`. */
export const failureLevels = ["error", "warning", "never"] as const;
/** Which findings count as a failure: errors, errors and warnings, or none. */
export type FailOn = (typeof failureLevels)[number];

/** Whether a finding counts as a failure. */
export function isFailure(check: CheckName, failOn: FailOn): boolean {
  const { severity }: Check = checks[check];
  return severity === "error" ? failOn !== "never" : severity === "warning" && failOn === "warning";
}
