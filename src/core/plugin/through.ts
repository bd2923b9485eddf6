/** Wraps RxJS operators, and counts the inputs that they drop. */

import { messagesOf } from "../accounting/check-message.js";
import { droppedByOperator } from "../accounting/input-in-flight.js";
import type { Message } from "../accounting/message.js";
import { OperatorError } from "../errors.js";
import { guarded, Subject } from "../util/observable.js";
import { type Stage, stageStream } from "./stage.js";

/**
 * Runs an RxJS operator and counts its inputs. An input that the operator does not emit settles as skipped at once.
 *
 * A flow whose source waits for acknowledgements (a stream that workers share) accepts RxJS operators only in `through`: otherwise a dropped input would
 * never be acknowledged. The operator must emit synchronously, as `filter`, `map`, `tap`, `take` and `distinct` do. An operator that emits later
 * (`delay`, `bufferCount`) rejects the run with an OperatorError; use `transform` for async functions.
 *
 * Keeps order. Completes and fails with the operator.
 *
 * @param operator an RxJS operator on messages
 * @throws {OperatorError} (the run rejects) ERR_OPERATOR
 * @example
 * import { filter } from "rxjs";
 * flow(jetstream({ stream: "photos" })).pipe(through(filter(({ value }) => value.image !== undefined)), upload(app));
 */
export function through<T extends Message | readonly Message[]>(operator: Stage<T, Message>): Stage<T, Message>;
export function through<T extends Message | readonly Message[]>(operator: Stage<T, Message[]>): Stage<T, Message[]>;
export function through(operator: Stage<never, unknown>): Stage<never, unknown> {
  return (input) =>
    stageStream<unknown>(input, { kind: "through", name: "through" }, (output) => {
      const entrance = new Subject<never>();
      /** Messages that the operator emitted for the item that it has now. */
      const emitted = new Set<Message>();
      const leave = (item: unknown) => {
        for (const message of messagesOf(item, "through")) {
          if (message.settled) throw tooLate(message);
          emitted.add(message);
        }
        output.next(item);
      };
      const subscription = operator(entrance).subscribe({
        next: guarded(output, leave),
        error: (error: unknown) => output.error(error),
        complete: () => output.complete(),
      });
      subscription.add(
        input.subscribe({
          next: guarded(output, (item) => {
            const messages = messagesOf(item, "through").filter((message) => !message.settled);
            entrance.next(item);
            for (const message of messages.flatMap(({ current }) => current)) {
              if (!emitted.has(message)) message.drop(droppedByOperator);
            }
            emitted.clear();
          }),
          error: (error: unknown) => entrance.error(error),
          complete: () => entrance.complete(),
        }),
      );
      return subscription;
    });
}

function tooLate(message: Message): OperatorError {
  const text = `through: the operator emitted ${message.origin} after it had returned; use transform for async functions`;
  return new OperatorError(text, { cause: undefined, position: 0, origin: message.origin, id: message.value.id });
}
