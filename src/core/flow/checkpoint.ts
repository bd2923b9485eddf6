/** Checkpoints: stand between the operators of a pipe, name the operator that threw, and settle what the last sink wrote. */

import { Message } from "../accounting/message.js";
import { describeThrown, FlowError, OperatorError } from "../errors.js";
import { StageStream } from "../plugin/stage.js";

/** Stands behind the source or an operator. */
export class Checkpoint {
  /** Whether only RxJS operators come behind: they change nothing of what a sink wrote. */
  isBehindLastStage = false;
  /** Whether an RxJS operator is next. Stages of ours name their errors themselves. */
  isBeforeOperator = false;
  readonly #before: Checkpoint | undefined;
  readonly #position: number;
  readonly #name: string;
  /** Whether the operator before it is a stage of ours. */
  readonly hasStage: boolean;
  /** What is being passed to the next operator, and what was passed last. */
  #passing: unknown;
  #last: string | undefined;
  /** Errors that were named before this checkpoint, of all checkpoints of the pipe. */
  readonly #named: WeakSet<object>;

  constructor(before?: Checkpoint, operator?: { name: string; hasStage: boolean }) {
    this.#before = before;
    this.#position = before === undefined ? 0 : before.#position + 1;
    this.#name = operator === undefined || operator.name === "piped" ? "" : operator.name; // the name that RxJS gives to its pipe()
    this.hasStage = operator?.hasStage ?? false;
    this.#named = before === undefined ? new WeakSet() : before.#named;
  }

  /** The stream behind this checkpoint. Between stages of ours nothing is watched, and it costs nothing. */
  watch(stream: StageStream<unknown>): StageStream<unknown> {
    return new StageStream(stream.stages, (output) => {
      const isBehindOperator = this.#before !== undefined && !this.hasStage;
      if (!isBehindOperator && !this.isBeforeOperator) return stream.subscribe(output);
      return stream.subscribe({
        next: (item) => {
          if (this.isBehindLastStage) settleWritten(item);
          if (!this.isBeforeOperator) {
            output.next(item);
            return;
          }
          const outer = this.#passing;
          this.#passing = item;
          output.next(item);
          this.#passing = outer;
          this.#last = inputText(item); // as a text: the message itself may be dropped now
        },
        error: (error: unknown) => output.error(this.#nameOf(error)),
        complete: () => output.complete(),
      });
    });
  }

  /** Names the operator before this checkpoint, unless the error comes from farther up or names itself. */
  #nameOf(error: unknown): unknown {
    if (isReference(error) && this.#named.has(error)) return error;
    const isNamed = error instanceof FlowError && (this.#before === undefined || this.hasStage);
    const made = isNamed ? error : this.#operatorError(error);
    this.#named.add(made);
    return made;
  }

  #operatorError(error: unknown): OperatorError {
    const passing = this.#before && messageIn(this.#before.#passing);
    const last = this.#before === undefined ? undefined : this.#before.#last;
    const name = this.#name === "" ? "" : ` (${this.#name})`;
    const where = `pipe: operator ${this.#position}${name} threw`;
    const on = passing
      ? ` on ${inputText(passing)}`
      : last !== undefined
        ? ` at some time after it got its inputs, the last of which is ${last}`
        : " before it got an input";
    return new OperatorError(`${where}${on}: ${describeThrown(error)}`, {
      cause: error,
      position: this.#position,
      origin: passing?.origin,
      id: passing?.value.id,
    });
  }
}

function isReference(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** The message of an item, or the first one of a batch. */
function messageIn(item: unknown): Message | undefined {
  const first: unknown = Array.isArray(item) ? item[0] : item;
  return first instanceof Message ? first : undefined;
}

function inputText(item: unknown): string | undefined {
  const message = messageIn(item);
  return message && `${message.origin} (id "${message.value.id}")`;
}

function settleWritten(item: unknown): void {
  const messages: readonly unknown[] = Array.isArray(item) ? item : [item];
  for (const message of messages) {
    if (message instanceof Message && message.isWritten) message.settle({ state: "ok" });
  }
}
