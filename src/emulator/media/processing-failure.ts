/** The error of an accepted input that cannot be processed. */

export class ProcessingFailure extends Error {
  /** Status code of the input. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
