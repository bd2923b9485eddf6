/** Sink: deletes inputs from an app. */

import type { OperatorFunction } from "rxjs";
import type { App } from "../client/app.js";
import { checkApp } from "../client/check-app.js";
import { limits } from "../core/limits.js";
import type { Message } from "../core/message.js";
import { type MessageSink, messageSinkOperator } from "../core/sink-operator.js";
import { inParts, settleInHalves } from "./requests.js";

/**
 * Deletes the inputs that reach it, 128 to a request. There is no way back.
 *
 * An input goes on downstream when the platform has accepted its deletion, which it carries out in the background; an input that does not
 * exist is no failure. A request that is refused fails its inputs with the platform's code.
 *
 * @throws {SinkError} (the run rejects) when the key may not delete
 * @example await flow(listInputs(app, { dataset: "old" })).pipe(batch(), remove(app)).run();
 */
export function remove(app: App): OperatorFunction<Message | readonly Message[], Message> {
  checkApp("remove", app);
  const make = (to: App): MessageSink => ({
    name: "remove",
    concurrency: 4,
    async write(messages, { signal }) {
      messages[0]?.context.watch(to.transport);
      for (const part of inParts(messages, limits.maxIdsPerRequest)) {
        await settleInHalves(
          part,
          (some) => some,
          "remove",
          (some) => {
            const ids = some.map((message) => message.value.id);
            return to.deleteInputs(ids, signal);
          },
        );
      }
    },
    rehearsal: () => make(to.rehearsed()),
  });
  return messageSinkOperator("remove", () => make(app), app.target("remove from"));
}
