/** Findings: counted by check, with the first examples of each. */

import { describeError, type InputError } from "../../core/errors.js";
import { shorten } from "../../core/util/format/shorten.js";
import { type CheckName, checkNames, checks, type Severity } from "./checks.js";

/** What a check found about one input. */
export interface InputFinding {
  check: CheckName;
  /** What was found, with the values. */
  reason: string;
  /** Code of the error of a source. */
  code?: string | undefined;
  /** The error with which an upload would refuse the input. */
  error?: InputError | undefined;
}

/** An example of a finding. */
export interface FindingExample {
  /** Where it is: the origin of the input. Undefined for a finding about the whole dataset. */
  origin?: string | undefined;
  reason: string;
  /** Code of the error of a source or a limit. */
  code?: string | undefined;
}

/** All findings of one check. */
export interface Finding {
  check: CheckName;
  severity: Severity;
  /** What it means. */
  meaning: string;
  /** Number of findings: several boxes of one image count each. */
  count: number;
  /** Number of inputs with a finding. 0 for a finding about the whole dataset. */
  inputs: number;
  /** The first of them. */
  examples: FindingExample[];
}

const maxExamples = 10;
const maxTextLength = 500;

/** Counts findings. Its memory does not depend on their number. */
export class FindingLog {
  readonly #findings = new Map<CheckName, Finding>();
  readonly #ignored: ReadonlySet<CheckName>;
  /** The last input of each check, since the findings of one input follow each other. */
  readonly #last = new Map<CheckName, string>();

  constructor(ignored: readonly CheckName[] = []) {
    this.#ignored = new Set(ignored);
  }

  ignores(check: CheckName): boolean {
    return this.#ignored.has(check);
  }

  /** Adds a finding about an input. */
  addInput(origin: string, { check, reason, error, code = error?.code }: InputFinding): void {
    const isNew = this.#last.get(check) !== origin;
    this.#last.set(check, origin);
    this.#add(check, { origin: short(origin), reason: short(reason), code }, isNew ? 1 : 0);
  }

  /** Adds a finding about the whole dataset. */
  add(check: CheckName, reason: string): void {
    this.#add(check, { reason: short(reason) }, 0);
  }

  #add(check: CheckName, example: FindingExample, inputs: number): void {
    if (this.ignores(check)) return;
    const { severity, meaning } = checks[check];
    const finding = this.#findings.get(check) ?? { check, severity, meaning, count: 0, inputs: 0, examples: [] };
    this.#findings.set(check, finding);
    finding.count += 1;
    finding.inputs += inputs;
    if (finding.examples.length < maxExamples) finding.examples.push(example);
  }

  /** Adds all findings of a check that another log counted. */
  include(finding: Finding): void {
    if (!this.ignores(finding.check)) this.#findings.set(finding.check, finding);
  }

  /** Returns a log with the same findings, to which more can be added. */
  copy(): FindingLog {
    const copy = new FindingLog([...this.#ignored]);
    for (const finding of this.list) copy.include({ ...finding, examples: [...finding.examples] });
    return copy;
  }

  /** The findings in the order of the checks. */
  get list(): Finding[] {
    return checkNames.flatMap((check) => this.#findings.get(check) ?? []);
  }
}

/** Makes a finding of an error. */
export function findingOf(check: CheckName, error: InputError): InputFinding {
  return { check, reason: describeError(error), error };
}

function short(text: string): string {
  return shorten(text, maxTextLength);
}
