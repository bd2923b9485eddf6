/** The vendor's own definitions and the reference server of gRPC read what this client sends, and the client reads what they answer. */

import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import resources from "clarifai-nodejs-grpc/proto/clarifai/api/resources_pb";
import service from "clarifai-nodejs-grpc/proto/clarifai/api/service_grpc_pb";
import messages from "clarifai-nodejs-grpc/proto/clarifai/api/service_pb";
import statuses from "clarifai-nodejs-grpc/proto/clarifai/api/status/status_pb";
import { expect, it, onTestFinished } from "vitest";
import { connect, flow, fromIterable, type InputDraft, upload } from "../../../src/index.js";
import { exampleBytes } from "../../helpers/files.js";

type PostInputs = InstanceType<typeof messages.PostInputsRequest>;
type Struct = NonNullable<ReturnType<InstanceType<typeof resources.Data>["getMetadata"]>>;
const code = (number: number) => {
  const made = new statuses.Status();
  made.setCode(number);
  made.setDescription("größe");
  return made;
};

/** Starts a server of @grpc/grpc-js with the vendor's definitions. It keeps the requests and their bytes. */
async function serve(maxBytes = 64 * 1024 * 1024) {
  const received: { request: PostInputs; bytes: Buffer; key: unknown }[] = [];
  const bytesOf = new WeakMap<PostInputs, Buffer>();
  const { postInputs, getStatusCode } = (service as unknown as { V2Service: ServiceDefinition }).V2Service as Record<
    string,
    ServiceDefinition[string]
  >;
  const definitions = {
    postInputs: {
      ...postInputs,
      requestDeserialize: (bytes: Buffer) => {
        const request = messages.PostInputsRequest.deserializeBinary(bytes);
        bytesOf.set(request, bytes);
        return request;
      },
    },
    getStatusCode,
  } as ServiceDefinition;
  const server = new Server({ "grpc.max_receive_message_length": maxBytes });
  server.addService(definitions, {
    postInputs({ request, metadata }: { request: PostInputs; metadata: { get(name: string): unknown[] } }, done: Done) {
      received.push({ request, bytes: bytesOf.get(request) ?? Buffer.alloc(0), key: metadata.get("authorization")[0] });
      const answer = new messages.MultiInputResponse();
      answer.setStatus(code(10000));
      answer.setInputsList(
        request.getInputsList().map((input) => {
          const made = new resources.Input();
          made.setId(input.getId());
          made.setStatus(code(30000));
          return made;
        }),
      );
      done(null, answer);
    },
    getStatusCode(_call: unknown, done: Done) {
      done({ code: status.UNAUTHENTICATED, details: "no key" }, null);
    },
  } as unknown as UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  onTestFinished(() => server.forceShutdown());
  const app = await connect({ baseUrl: `http://127.0.0.1:${port}`, pat: "key-1", wire: "grpc", userId: "größe" });
  onTestFinished(() => app.close());
  return { app, received };
}

type Done = (error: object | null, answer: unknown) => void;

const inputs: InputDraft[] = [
  {
    id: "a",
    image: { bytes: exampleBytes("harbour/quay.jpg") },
    text: "calm 😀",
    metadata: { n: 1, l: [null, { x: "y" }] },
  },
  { id: "b", image: { url: "https://example.com/b.jpg" }, datasets: ["d"], geo: { longitude: 4.5, latitude: -51.25 } },
  { id: "c", audio: { bytes: exampleBytes("media/foghorn.wav") } },
  {
    id: "d",
    video: { bytes: exampleBytes("media/ferry.mp4") },
    concepts: [{ id: "boat", value: 0.25 }, { id: "sea" }],
    metadata: { n: 1, list: [null, { x: "y" }] },
  },
  { id: "e", text: "x".repeat(300_000) },
];

/** Makes the input with a video with the vendor's setters. */
function expectedInput(metadata: Struct) {
  const input = new resources.Input();
  input.setId("d");
  const data = new resources.Data();
  const video = new resources.Video();
  video.setBase64(exampleBytes("media/ferry.mp4"));
  data.setVideo(video);
  for (const [id, value] of [
    ["boat", 0.25],
    ["sea", 1],
  ] as const) {
    const concept = new resources.Concept();
    concept.setId(id);
    concept.setName(id);
    concept.setValue(value);
    data.addConcepts(concept);
  }
  const { sluice_fingerprint } = metadata.toJavaScript();
  const { fromJavaScript } = metadata.constructor as unknown as { fromJavaScript(value: object): Struct };
  data.setMetadata(fromJavaScript({ n: 1, list: [null, { x: "y" }], sluice_fingerprint }));
  input.setData(data);
  return input;
}

it("sends fields that are byte by byte those of the vendor's serializer", async () => {
  const { app, received } = await serve();
  const report = await flow(fromIterable(inputs))
    .pipe(upload(app, { wait: false }))
    .run();
  expect(report.counts).toMatchObject({ ok: 5 });
  expect(report.targets).toMatchObject([{ wire: "grpc" }]);
  const ids = received.flatMap(({ request }) => request.getInputsList().map((input) => input.getId()));
  expect(ids.sort()).toEqual([..."abcde"]);
  for (const { request, bytes, key } of received) {
    expect(key).toBe("Key key-1");
    expect(request.getUserAppId()?.getUserId()).toBe("größe");
    // The vendor sorts the fields by their numbers, and this client sends the content hash last. The vendor drops what it does not know.
    expect(request.serializeBinary().length).toBe(bytes.length);
  }
  const sent = received.flatMap(({ request }) => request.getInputsList()).find((input) => input.getId() === "d");
  const expected = expectedInput(sent?.getData()?.getMetadata() as Struct).serializeBinary();
  expect(Buffer.from(sent?.serializeBinary() ?? []).equals(expected)).toBe(true);
});

it("splits what the server refuses as too large", async () => {
  const { app, received } = await serve(100_000);
  const many = Array.from({ length: 40 }, (_, n): InputDraft => ({ id: `n${n}`, text: "x".repeat(20_000) }));
  const report = await flow(fromIterable(many))
    .pipe(upload(app, { wait: false }))
    .run();
  expect(report.counts).toMatchObject({ ok: 40 });
  expect(Math.max(...received.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(100_000);
  expect(received.flatMap(({ request }) => request.getInputsList())).toHaveLength(40);
});
