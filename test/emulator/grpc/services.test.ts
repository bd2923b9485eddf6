import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { loadDefinitions } from "../../../src/emulator/grpc/definitions/definitions.js";
import { answerBytes, requestJson } from "../../../src/emulator/grpc/request-json.js";
import { example, exampleBytes } from "../../helpers/files.js";
import { openGrpc } from "../../helpers/grpc.js";
import { frameOf, openSession, seenOf, startCall } from "../../helpers/grpc-wire.js";

const { registry } = loadDefinitions();

/** Makes calls of one method with a stream of requests, without a key. */
async function exchange(url: string, service: string, name: string, requests: readonly object[]) {
  const method = registry.getService(service)?.methods.find((one) => one.name === name);
  if (!method) throw new Error(`no method ${name}`);
  const stream = startCall(openSession(url), `/${service}/${name}`, { authorization: "" });
  const seen = seenOf(stream);
  for (const request of requests) stream.write(frameOf(answerBytes(method.input, request as never, registry)));
  stream.end();
  const { body, headers, trailers } = await seen;
  const answers: Record<string, unknown>[] = [];
  for (let at = 0; at < body.length; ) {
    const length = body.readUInt32BE(at + 1);
    answers.push(requestJson(method.output, body.subarray(at + 5, at + 5 + length), registry));
    at += 5 + length;
  }
  return { answers, status: headers?.["grpc-status"] ?? trailers?.["grpc-status"] };
}

describe.each(["v1", "v1alpha"])("reflection %s", (version) => {
  const reflect = async (...requests: object[]) => {
    const { emulator } = await openGrpc({ pat: "right" });
    const service = `grpc.reflection.${version}.ServerReflection`;
    return exchange(emulator.grpcUrl ?? "", service, "ServerReflectionInfo", requests);
  };

  it("lists the services, and needs no key", async () => {
    const { answers, status } = await reflect({ list_services: "" });
    expect(status).toBe("0");
    expect(answers[0]?.list_services_response).toEqual({
      service: expect.arrayContaining([{ name: "clarifai.api.V2" }, { name: "grpc.health.v1.Health" }]),
    });
  });

  it("returns the file of a symbol with all files that it needs, several answers on one stream", async () => {
    const symbols = ["clarifai.api.V2", "clarifai.api.V2.PostInputs", "clarifai.api.Input", "clarifai.api.None"];
    const { answers } = await reflect(
      ...symbols.map((name) => ({ file_containing_symbol: name })),
      { file_by_filename: "google/protobuf/struct.proto" },
      { all_extension_numbers_of_type: "google.protobuf.MethodOptions" },
      { file_containing_extension: { containing_type: "google.protobuf.MethodOptions", extension_number: 72_295_728 } },
    );
    const filesOf = (index: number) => {
      const response = answers[index]?.file_descriptor_response as { file_descriptor_proto: string[] } | undefined;
      const files = response?.file_descriptor_proto ?? [];
      return files.map((file) => fromBinary(FileDescriptorProtoSchema, Buffer.from(file, "base64")));
    };
    for (const index of [0, 1]) {
      const files = filesOf(index);
      const names = files.map(({ name }) => name);
      expect(names[0]).toBe("proto/clarifai/api/service.proto");
      for (const file of files) for (const needed of file.dependency) expect(names).toContain(needed);
    }
    expect(filesOf(2)[0]?.name).toBe("proto/clarifai/api/resources.proto");
    expect(answers[3]?.error_response).toMatchObject({ error_code: 5 });
    expect(filesOf(4).map(({ name }) => name)).toEqual(["google/protobuf/struct.proto"]);
    expect(answers[5]?.all_extension_numbers_response).toMatchObject({ extension_number: [72_295_728] });
    expect(filesOf(6)[0]?.name).toBe("google/api/annotations.proto");
  });
});

describe("health", () => {
  it.each(["", "clarifai.api.V2"])('says that "%s" is serving', async (service) => {
    const { emulator } = await openGrpc({ pat: "right" });
    const answer = await exchange(emulator.grpcUrl ?? "", "grpc.health.v1.Health", "Check", [{ service }]);
    expect(answer).toEqual({ answers: [{ status: 1 }], status: "0" });
  });

  it("does not know other services", async () => {
    const { emulator } = await openGrpc();
    const answer = await exchange(emulator.grpcUrl ?? "", "grpc.health.v1.Health", "Check", [{ service: "other" }]);
    expect(answer).toEqual({ answers: [], status: "5" });
  });
});

const python = "/usr/bin/python3";
const hasPython = spawnSync(python, ["-c", "import grpc, google.protobuf"]).status === 0;

describe(`a client in Python${hasPython ? "" : " (skipped: python3-grpcio and python3-protobuf are not installed)"}`, () => {
  it.skipIf(!hasPython)("learns the definitions by reflection, and uploads with them", async () => {
    const { emulator } = await openGrpc();
    const address = new URL(emulator.grpcUrl ?? "").host;
    const path = example("harbour/quay.jpg");
    const { stdout } = await promisify(execFile)(python, ["test/helpers/reflection_client.py", address, path]);
    const { services, posted, listed, unknown } = JSON.parse(stdout);
    expect(services).toContain("clarifai.api.V2");
    expect(posted.status).toMatchObject({ code: "SUCCESS" });
    expect(unknown).toBe("UNIMPLEMENTED");
    const response = await fetch(listed.inputs[0].data.image.url, { headers: { authorization: "Key any" } });
    expect(Buffer.from(await response.arrayBuffer()).equals(exampleBytes("harbour/quay.jpg"))).toBe(true);
  });
});
