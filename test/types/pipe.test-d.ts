/** What the compiler refuses, and what it infers. */

import { filter, map, take } from "rxjs";
import {
  type App,
  batch,
  defineSource,
  defineTransform,
  type Flow,
  flow,
  folder,
  fromIterable,
  type Message,
  type Report,
  upload,
} from "sluice";
import { expectTypeOf, it } from "vitest";
import * as z from "zod";

declare const app: App;

it("knows what flows through a pipe", () => {
  const source = folder("x");
  expectTypeOf(flow(source)).toEqualTypeOf<Flow<Message>>();
  expectTypeOf(flow(source).pipe(batch())).toEqualTypeOf<Flow<Message[]>>();
  expectTypeOf(flow(source).pipe(batch(), upload(app))).toEqualTypeOf<Flow<Message>>();
  expectTypeOf(
    flow(source).pipe(
      filter((message) => message.value.id === "a"),
      take(1),
    ),
  ).toEqualTypeOf<Flow<Message>>();
  expectTypeOf(flow(source).pipe(map((message) => message.value.id))).toEqualTypeOf<Flow<string>>();
  expectTypeOf(flow(source).run()).resolves.toEqualTypeOf<Report>();
});

it("refuses pipes that do not fit", () => {
  // @ts-expect-error batches cannot be batched
  flow(folder("x")).pipe(batch(), batch());
  const toInput = map((message: Message) => message.value);
  // @ts-expect-error upload takes messages
  flow(folder("x")).pipe(toInput, upload(app));
});

it("refuses options that do not exist, and inputs that are none", () => {
  // @ts-expect-error the name is maxItems
  batch({ maxCount: 3 });
  // @ts-expect-error a kind that does not exist
  folder("x", { kinds: ["picture"] });
  // @ts-expect-error longitude and latitude are numbers
  fromIterable([{ text: "a", geo: { longitude: "4.5", latitude: "51.9" } }]);
});

it("types the options of plugins of one's own", () => {
  const redact = defineTransform({
    name: "redact",
    options: z.strictObject({ pattern: z.instanceof(RegExp) }),
    apply: (input, { pattern }) => {
      expectTypeOf(pattern).toEqualTypeOf<RegExp>();
      return input;
    },
  });
  redact({ pattern: /x/ });
  // @ts-expect-error the pattern is required
  redact();
  const plain = defineSource({ name: "plain", *read() {} });
  plain();
});
