/** Annotations of uploads when another process adds the same ones, or when answers are incomplete. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { batch, connect, flow, fromIterable, type InputDraft, upload } from "../../src/index.js";
import { openStore } from "../helpers/store.js";

const drafts: InputDraft[] = ["a", "b", "c"].map((id) => ({
  id,
  text: `text ${id}`,
  annotations: [{ id: `${id}1`, box: [0.1, 0.2, 0.3, 0.4], concepts: [{ id: "boat" }] }],
}));

type Answer = { annotations: Record<string, unknown>[] };

/** A store behind a proxy that changes the answers to posted annotations, `times` times; `before` runs before each such request. */
async function storeBehind(change: (answer: Answer) => Answer, times = 1, before?: (url: string) => Promise<void>) {
  const { store } = await openStore();
  let left = times;
  const proxy = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "GET", url = "/" } = request;
    const isPost = method === "POST" && url.endsWith("/annotations");
    const headers = { authorization: "Key any", "content-type": request.headers["content-type"] ?? "" };
    if (isPost && left > 0) await before?.(store.url);
    const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
    const answer = await fetch(`${store.url}${url}`, { method, headers, ...body });
    let text = await answer.text();
    if (isPost && left > 0) {
      left -= 1;
      text = JSON.stringify(change(JSON.parse(text) as Answer));
    }
    response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const app = await connect({ baseUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, pat: "any" });
  onTestFinished(async () => {
    await app.close();
    proxy.closeAllConnections();
    proxy.close();
  });
  const put = () => flow(fromIterable(drafts)).pipe(batch(), upload(app)).run();
  const ids = async () =>
    (await app.listAnnotations({ perPage: 100 })).filter(({ inputLevel }) => !inputLevel).map(({ id }) => id);
  return { store, app, put, ids };
}

const same = (answer: Answer) => answer;

function postAll(box: { left_col: number }) {
  return async (url: string) => {
    const annotations = ["a", "b"].map((id) => ({
      ...{ id: `${id}1`, input_id: id },
      data: {
        regions: [
          {
            region_info: { bounding_box: { top_row: 0.2, right_col: 0.3, bottom_row: 0.4, ...box } },
            data: { concepts: [{ id: "boat" }] },
          },
        ],
      },
    }));
    const headers = { authorization: "Key any", "content-type": "application/json" };
    await fetch(`${url}/v2/users/me/apps/main/annotations`, {
      ...{ method: "POST", headers, body: JSON.stringify({ annotations }) },
    });
  };
}

it("are ok when another process has added the same annotations first", async () => {
  const { put, ids } = await storeBehind(same, 1, postAll({ left_col: 0.1 }));
  expect((await put()).counts).toMatchObject({ ok: 3, failed: 0 });
  expect((await ids()).sort()).toEqual(["a1", "b1", "c1"]);
});

it("fail when another process used their ids for other annotations", async () => {
  const { put } = await storeBehind(same, 1, postAll({ left_col: 0.15 }));
  const { counts, failures } = await put();
  expect(counts).toMatchObject({ ok: 1, failed: 2 });
  for (const { reason } of failures) expect(reason).toMatch(/its annotation [ab]1 was refused: .*exists/);
});

it("are looked up when the answer leaves them out or names them twice, and are stored once", async () => {
  for (const change of [
    ({ annotations, ...rest }: Answer) => ({ ...rest, annotations: annotations.slice(1) }),
    ({ annotations, ...rest }: Answer) => ({ ...rest, annotations: [...annotations, ...annotations] }),
    ({ annotations: _, ...rest }: Answer) => ({ ...rest, annotations: [] }),
  ]) {
    const { put, ids } = await storeBehind(change);
    expect((await put()).counts).toMatchObject({ ok: 3, failed: 0 });
    expect((await ids()).sort()).toEqual(["a1", "b1", "c1"]);
  }
});

it("are ok when a proxy sends the request twice", async () => {
  const { store, app } = await openStore();
  store.faults.add({ method: "POST", path: "/annotations", fault: { type: "twice" } });
  const report = await flow(fromIterable(drafts)).pipe(batch(), upload(app)).run();
  expect(report.counts).toMatchObject({ ok: 3, failed: 0 });
  expect(store.faults.happened).toBe(1);
});

it("fail the input when its stored annotations differ from the requested ones", async () => {
  const { app } = await openStore();
  const note = (box: [number, number, number, number], ...more: NonNullable<InputDraft["annotations"]>) => [
    { id: "a", text: "calm", annotations: [{ box, concepts: [{ id: "boat" }] }, ...more] },
  ];
  const put = async (inputs: InputDraft[], options: Parameters<typeof upload>[1] = {}) =>
    (await flow(fromIterable(inputs)).pipe(batch(), upload(app, options)).run()).counts;
  const second = { box: [0, 0, 0.5, 0.5] as [number, number, number, number], concepts: [{ id: "sea" }] };
  expect(await put(note([0.1, 0.1, 0.3, 0.3]))).toMatchObject({ ok: 1 });
  expect(await put(note([0.1, 0.1, 0.3, 0.3]))).toMatchObject({ ok: 0, skipped: 1 });
  expect(await put(note([0.1, 0.1, 0.3, 0.3]), { conflict: "replace" })).toMatchObject({ ok: 1 });
  for (const conflict of ["skip", "replace"] as const) {
    expect(await put(note([0.2, 0.2, 0.3, 0.3]), { conflict })).toMatchObject({ ok: 0, skipped: 1 });
    expect(await put(note([0.2, 0.2, 0.3, 0.3], second), { conflict })).toMatchObject({ ok: 0, skipped: 1 });
  }
  expect(await put(note([0.1, 0.1, 0.3, 0.3], second), { conflict: "replace" })).toMatchObject({ ok: 1 });
});
