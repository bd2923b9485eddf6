import { concat, from, interval, map, NEVER, Observable, of, Subject, take, throwError } from "rxjs";
import { describe, expect, it, vi } from "vitest";
import { flow, fromObservable, type InputDraft } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { sinkOf, turns } from "../helpers/flows.js";
import { itemsOf } from "../helpers/sources.js";

const three: InputDraft[] = ["a", "b", "c"].map((id) => ({ id, text: id }));
const read = async (observable: Observable<InputDraft>) =>
  (await flow(fromObservable(observable)).toArray()).map((input) => input.id);

testSource("fromObservable", async () => ({ source: fromObservable(from(three)), ids: ["a", "b", "c"] }));

describe("an Observable as a source", () => {
  it("keeps its order, whether it emits at once, later or both", async () => {
    const ticking = interval(1).pipe(
      take(20),
      map((n) => ({ id: `n${n}`, text: "x" })),
    );
    const ids = Array.from({ length: 20 }, (_, n) => `n${n}`);
    expect(await read(from(three))).toEqual(["a", "b", "c"]);
    expect(await read(concat(from(three), ticking))).toEqual(["a", "b", "c", ...ids]);
  });

  it("names each input by its position, also across waits", async () => {
    const ticking = interval(1).pipe(
      take(3),
      map(() => ({ text: "x" })),
    );
    const origins = (await itemsOf(fromObservable(concat(of({ text: "x" }), ticking)))).map((item) => item.origin);
    expect(origins).toEqual(["observable:1", "observable:2", "observable:3", "observable:4"]);
  });

  it("loses no input that is emitted while the flow is busy", async () => {
    const subject = new Subject<InputDraft>();
    const written: string[] = [];
    const running = flow(fromObservable(subject))
      .pipe(
        sinkOf(async (inputs) => {
          await turns(1);
          written.push(...inputs.map((input) => input.id));
        }),
      )
      .run({ maxInFlight: 5 });
    await vi.waitFor(() => expect(subject.observed).toBe(true), { timeout: 20_000 });
    for (let n = 0; n < 200; n += 1) {
      subject.next({ id: `n${n}`, text: "x" });
      if (n % 7 === 0) await turns(1);
    }
    subject.complete();
    expect((await running).counts).toMatchObject({ read: 200, ok: 200 });
    expect(written).toEqual(Array.from({ length: 200 }, (_, n) => `n${n}`));
  });

  it("fails an invalid entry alone", async () => {
    const entries = from([three[0], { colour: 1 }, three[2]] as InputDraft[]);
    const { counts, failures } = await flow(fromObservable(entries)).run();
    expect(counts).toMatchObject({ read: 3, ok: 2, failed: 1 });
    expect(failures[0]).toMatchObject({ origin: "observable:2", code: "ERR_INPUT_SHAPE" });
  });

  it("rejects the run with its error, after the inputs before it", async () => {
    const written: string[] = [];
    const failing = concat(
      from(three),
      throwError(() => new Error("line cut")),
    );
    const run = flow(fromObservable(failing))
      .pipe(sinkOf((inputs) => void written.push(...inputs.map((input) => input.id))))
      .run();
    await expect(run).rejects.toThrow("line cut");
    expect(written).toEqual(["a", "b", "c"]);
  });

  it("rejects the run also with the error undefined", async () => {
    const failing = new Observable<InputDraft>((output) => output.error(undefined));
    await expect(itemsOf(fromObservable(failing))).rejects.toBeUndefined();
  });

  it("is unsubscribed when the flow needs no more inputs, and when it completes", async () => {
    const subject = new Subject<InputDraft>();
    const running = flow(fromObservable(subject)).pipe(take(1)).run();
    await vi.waitFor(() => expect(subject.observed).toBe(true), { timeout: 20_000 });
    subject.next({ id: "a", text: "a" });
    expect((await running).counts.ok).toBe(1);
    await vi.waitFor(() => expect(subject.observed).toBe(false), { timeout: 20_000 });
    expect(await read(from(three))).toHaveLength(3);
  });

  it("is unsubscribed at a stop while it emits nothing", async () => {
    let subscribed = 0;
    const silent = new Observable<InputDraft>((output) => {
      subscribed += 1;
      output.add(() => void (subscribed -= 1));
      return NEVER.subscribe(output);
    });
    const abort = new AbortController();
    const running = flow(fromObservable(silent)).run({ signal: abort.signal });
    await vi.waitFor(() => expect(subscribed).toBe(1), { timeout: 20_000 });
    abort.abort();
    expect((await running).stopped).toBe(true);
    await vi.waitFor(() => expect(subscribed).toBe(0), { timeout: 20_000 });
  });
});
