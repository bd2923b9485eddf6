import { describe, expect, it } from "vitest";
import { WireChoice } from "../../../src/clarifai/client/wire-choice.js";
import { limits } from "../../../src/clarifai/limits.js";
import { grpcWire, statusCodeMessage } from "../../../src/clarifai/wire/protobuf/grpc-wire.js";
import type { Input } from "../../../src/core/input/input.js";

const grpc = { wire: grpcWire, question: statusCodeMessage };
const speaks = () => Promise.resolve(undefined);

const wireOf = (choice: WireChoice, ...inputs: Input[]) => choice.wireFor(inputs.map((value) => ({ value })));

describe("the wire of uploads", () => {
  it("groups few inputs until a request has shown how fast gRPC is", () => {
    const choice = new WireChoice(grpc, speaks);
    expect([choice.groupBytes, choice.maxBytes]).toEqual([8_000_000, limits.maxRequestBytes]);
    choice.sent(1000, undefined);
    expect(choice.groupBytes).toBe(8_000_000);
    choice.sent(8_000_000, undefined);
    expect([choice.groupBytes, choice.current.name]).toEqual([limits.maxRequestBytes, "grpc"]);
  });

  it("becomes REST, with a note, if the windows of the server make gRPC slow, also later", () => {
    const choice = new WireChoice(grpc, speaks);
    choice.sent(8_000_000, undefined);
    const { measure } = choice;
    choice.sent(100_000_000, "the windows are small");
    expect(choice.measure).not.toBe(measure);
    choice.sent(100_000_000, "another reason");
    expect(choice.current.name).toBe("rest");
    expect(choice.note).toBe("uploads use REST, not gRPC: the windows are small");
    expect(choice.groupBytes).toBe(limits.maxRequestBytes);
  });

  it('stays gRPC with wire: "grpc", and its requests are large at once', () => {
    const choice = new WireChoice(grpc);
    expect(choice.groupBytes).toBe(limits.maxRequestBytes);
    choice.sent(8_000_000, "the windows are small");
    expect([choice.current.name, choice.note]).toEqual(["grpc", undefined]);
  });

  it("is asked for once, and becomes REST if the server does not speak gRPC", async () => {
    let asked = 0;
    const choice = new WireChoice(grpc, () => {
      asked += 1;
      return Promise.resolve("it answers, but not as gRPC does");
    });
    await Promise.all([choice.settle(), choice.settle()]);
    await choice.settle();
    expect([asked, choice.current.name, choice.groupBytes]).toEqual([1, "rest", limits.maxRequestBytes]);
  });

  it("sends inputs without bytes over REST, and the others of a request with them", () => {
    const choice = new WireChoice(grpc, speaks);
    const base = { id: "a", concepts: [], metadata: {}, annotations: [], datasets: [] };
    const [text, address, image] = [
      { ...base, text: "calm" },
      { ...base, image: { url: "https://x.test/a.jpg" } },
      { ...base, image: { bytes: Buffer.from("abc") } },
    ];
    const names = (...inputs: (typeof image | typeof text | typeof address)[]) => wireOf(choice, ...inputs).name;
    expect([names(text, address), names(image), names(text, image)]).toEqual(["rest", "grpc", "grpc"]);
    expect(wireOf(choice, text, image).measure).toBe(choice.current.measure);
    expect(wireOf(choice, image).measure).toBe(choice.measure);
    expect(wireOf(new WireChoice(grpc), text).name).toBe("grpc");
  });
});
