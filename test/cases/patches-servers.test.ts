/** Patches against servers that answer differently: fields of a newer API are kept, and an unexpected result is a failure. */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { batch, connect, flow, fromIterable, listInputs, patch, transform } from "../../src/index.js";

type Json = Record<string, unknown>;
interface Sent {
  action: string;
  inputs: { id: string; data: Json }[];
}

const listed = {
  text: { raw: "calm sea" },
  concepts: [{ id: "boat", name: "Boat", value: 1, app_id: "main", language: "en", shade: "blue" }],
  metadata: { split: "train", big: 1e300 },
  geo: { geo_point: { longitude: 4.5, latitude: 51.9 }, accuracy: 3 },
  quality: { score: 0.7 },
};

/** A server with one input; `answer` makes the data of the answer to a patch. */
async function serverWith(answer: (sent: Sent) => { data?: Json; kept?: Json }) {
  const ok = { code: 10000, description: "Ok" };
  const sent: Sent[] = [];
  let data: Json = listed;
  const input = () => ({ id: "a", data, status: { code: 30000 }, created_at: "2026-01-01T00:00:00Z" });
  const server = createServer(async (request, response) => {
    // The stream of inputs ends after the only input.
    let json: Json = { status: ok, inputs: request.url?.includes("last_id") ? [] : [input()] };
    if (request.method === "PATCH") {
      const body = JSON.parse(await textOf(request)) as Sent;
      sent.push(body);
      const { data: shown, kept } = answer(body);
      if (kept) data = kept;
      json = { status: ok, inputs: [{ id: "a", status: { code: 30200 }, ...(shown ? { data: shown } : {}) }] };
    }
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const app = await connect({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, pat: "any" });
  onTestFinished(async () => {
    await app.close();
    server.close();
  });
  return { app, sent };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

const removeSplit = transform((input) => ({
  ...input,
  metadata: { big: 1e300 },
  concepts: [...input.concepts, { id: "sea" }],
}));

it("keeps fields of a newer API through an overwrite", async () => {
  const { app, sent } = await serverWith(({ inputs }) => ({ data: inputs[0]?.data as Json }));
  const report = await flow(listInputs(app))
    .pipe(removeSplit, batch(), patch(app, { action: "overwrite" }))
    .run();
  expect(report.failures).toEqual([]);
  const { text: _, ...carried } = listed;
  expect(sent).toEqual([
    {
      action: "overwrite",
      inputs: [
        {
          id: "a",
          data: {
            ...carried,
            metadata: { big: 1e300 },
            concepts: [...listed.concepts, { id: "sea", name: "sea", value: 1 }],
          },
        },
      ],
    },
  ]);
});

it("sends the differences as a merge, and then the removals", async () => {
  const { metadata: _, ...rest } = listed;
  const done = { ...rest, metadata: { big: 1e300 }, concepts: [...listed.concepts, { id: "sea" }] };
  const { app, sent } = await serverWith(() => ({ data: done }));
  const report = await flow(listInputs(app)).pipe(removeSplit, batch(), patch(app)).run();
  expect(report.counts).toMatchObject({ ok: 1 });
  expect(sent.map(({ action, inputs }) => [action, inputs[0]?.data])).toEqual([
    ["merge", { concepts: [{ id: "sea", name: "sea", value: 1 }] }],
    ["remove", { metadata: { split: true } }],
  ]);
});

it("fails the input when the server reports success and stores something else", async () => {
  const { app } = await serverWith(() => ({ data: listed }));
  const report = await flow(listInputs(app)).pipe(removeSplit, batch(), patch(app)).run();
  expect(report.failures).toMatchObject([
    { id: "a", code: "ERR_PATCH_RESULT", reason: expect.stringMatching(/"sea" is missing, not 1/) },
  ]);
  const row = await flow(fromIterable([{ id: "a", metadata: { split: "test" } }]))
    .pipe(batch(), patch(app))
    .run();
  expect(row.failures).toMatchObject([
    { code: "ERR_PATCH_RESULT", reason: expect.stringMatching(/metadata.split is "train", not "test"/) },
  ]);
});

it("trusts the listing when the answer shows less than the input has", async () => {
  const row = fromIterable([{ id: "a", metadata: { split: "test" } }]);
  const { app } = await serverWith(() => ({ data: {}, kept: { ...listed, metadata: { split: "test" } } }));
  expect((await flow(row).pipe(batch(), patch(app)).run()).counts).toMatchObject({ ok: 1 });
});

it("uses the status of an answer without data", async () => {
  const { app } = await serverWith(() => ({}));
  const row = fromIterable([{ id: "a", metadata: { split: "test" } }]);
  expect((await flow(row).pipe(batch(), patch(app)).run()).counts).toMatchObject({ ok: 1 });
});
