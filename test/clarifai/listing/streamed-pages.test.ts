import { expect, it } from "vitest";
import type { App } from "../../../src/clarifai/client/app.js";
import { streamedPages } from "../../../src/clarifai/listing/streamed-pages.js";

/** A server whose stream has two inputs. `finds` says whether it finds an input by its id. */
function serverOf(finds: boolean): { app: App; reads: () => number } {
  let reads = 0;
  const inputs = [{ id: "a" }, { id: "b" }];
  const app = {
    streamInputs: async ({ lastId }: { lastId?: string }) => {
      reads += 1;
      return lastId === undefined ? inputs : [];
    },
    listInputs: async () => (finds ? inputs : []),
  };
  return { app: app as unknown as App, reads: () => reads };
}

async function idsOf(app: App): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of streamedPages(app, 10, new AbortController().signal)) ids.push(...page.map(({ id }) => id));
  return ids;
}

it("ends behind the last input", async () => {
  const { app, reads } = serverOf(true);
  expect([await idsOf(app), reads()]).toEqual([["a", "b"], 2]);
});

it("fails, and does not read forever, if the server never finds the inputs that it lists", async () => {
  const { app } = serverOf(false);
  await expect(idsOf(app)).rejects.toMatchObject({
    code: "ERR_LISTING",
    message: expect.stringMatching(/lists the input "b", and does not find it/),
  });
});
