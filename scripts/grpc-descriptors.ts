/**
 * Makes the descriptors of the emulator's gRPC services: `npm run descriptors`.
 *
 * The definitions come from packages on npm, which are downloaded into a temporary folder. Of Clarifai's service, only the methods remain whose REST
 * route the emulator has, and only the messages that these methods use.
 */

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import {
  createFileRegistry,
  type DescEnum,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FileDescriptorProto,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { bindingsOf, serviceName } from "../src/emulator/grpc/definitions/bindings.js";

const target = "src/emulator/grpc/definitions/descriptor-set.ts";
const packages = {
  "clarifai-nodejs-grpc": "11.11.0",
  "@grpc/reflection": "1.0.4",
  "grpc-health-check": "2.1.0",
  protobufjs: "6.11.6",
  "@bufbuild/buf": "1.75.0",
};
/** Extension `google.api.http` of method options. */
const httpExtension = 72_295_728;
const maxLineLength = 118;

const folder = mkdtempSync(join(tmpdir(), "sluice-descriptors-"));
try {
  const set = prune(compile(folder));
  const bytes = toBinary(FileDescriptorSetSchema, set);
  const packed = brotliCompressSync(bytes).toString("base64");
  writeFileSync(target, sourceOf(packed));
  console.log(`${target}: ${bytes.length} bytes, ${packed.length} characters packed`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Downloads the definitions and compiles them. */
function compile(root: string): FileDescriptorSet {
  const names = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  const flags = ["--prefix", root, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"];
  execFileSync("npm", ["install", ...flags, ...names], { stdio: "inherit" });
  const modules = join(root, "node_modules");
  const sources = join(root, "sources");
  const copies: [from: string, to: string][] = [
    ["clarifai-nodejs-grpc/proto/clarifai", "proto/clarifai"],
    ["protobufjs/google/api/annotations.proto", "google/api/annotations.proto"],
    ["protobufjs/google/api/http.proto", "google/api/http.proto"],
    ["@grpc/reflection/build/proto/grpc/reflection", "grpc/reflection"],
    ["grpc-health-check/proto/health", "grpc/health"],
  ];
  mkdirSync(sources);
  for (const [from, to] of copies) cpSync(join(modules, from), join(sources, to), { recursive: true });
  // A copy of service.proto for another parser. Its names collide with the original.
  rmSync(join(sources, "proto/clarifai/api/service_processed.proto"));
  const output = join(root, "set.binpb");
  const options = ["--exclude-source-info", "--as-file-descriptor-set", "--output", output];
  execFileSync(join(modules, ".bin/buf"), ["build", sources, ...options], { stdio: "inherit" });
  return fromBinary(FileDescriptorSetSchema, readFileSync(output));
}

/** Leaves out the methods without a route, the types that nothing uses, and all options but HTTP annotations. */
function prune(set: FileDescriptorSet): FileDescriptorSet {
  const registry = createFileRegistry(set);
  const used = usedTypes(registry);
  const fileOf = new Map<string, string>();
  for (const file of registry.files) {
    for (const type of [...file.messages, ...file.enums]) fileOf.set(type.typeName, file.proto.name);
  }
  for (const file of set.file) {
    if (file.name.startsWith("google/")) continue;
    pruneFile(file, registry, used);
    const needed = new Set(typeNamesIn(file).map((name) => fileNameOf(name, fileOf)));
    if (file.service.some((service) => service.method.some((method) => method.options))) {
      needed.add("google/api/annotations.proto");
    }
    file.dependency = file.dependency.filter((name) => needed.has(name));
    file.publicDependency = [];
  }
  const kept = new Set<string>();
  const keep = (name: string) => {
    if (kept.has(name)) return;
    kept.add(name);
    for (const dependency of set.file.find((file) => file.name === name)?.dependency ?? []) keep(dependency);
  };
  for (const file of set.file) if (file.service.length > 0) keep(file.name);
  set.file = set.file.filter((file) => kept.has(file.name));
  return set;
}

/** Returns the names of all types that the methods use. */
function usedTypes(registry: FileRegistry): Set<string> {
  const used = new Set<string>();
  const visit = (type: DescMessage | DescEnum) => {
    if (used.has(type.typeName)) return;
    used.add(type.typeName);
    if (type.kind === "enum") return;
    for (const field of type.fields) {
      if (field.message) visit(field.message);
      if (field.enum) visit(field.enum);
    }
  };
  for (const file of registry.files) {
    for (const service of file.services) {
      for (const method of service.methods) {
        if (service.typeName === serviceName && bindingsOf(method, registry).length === 0) continue;
        visit(method.input);
        visit(method.output);
      }
    }
  }
  return used;
}

function pruneFile(file: FileDescriptorProto, registry: FileRegistry, used: ReadonlySet<string>): void {
  const prefix = file.package === "" ? "" : `${file.package}.`;
  for (const service of file.service) {
    if (`${prefix}${service.name}` !== serviceName) continue;
    const methods = registry.getService(serviceName)?.methods ?? [];
    const served = new Set(methods.filter((method) => bindingsOf(method, registry).length > 0).map(({ name }) => name));
    service.method = service.method.filter((method) => served.has(method.name));
    for (const { options } of service.method) {
      if (options) keepUnknown(options, (no) => no === httpExtension);
    }
    service.options = undefined;
  }
  file.options = undefined;
  file.extension = [];
  file.messageType = file.messageType.filter((message) => pruneMessage(message, prefix, used));
  file.enumType = file.enumType.filter((type) => used.has(`${prefix}${type.name}`));
  for (const type of file.enumType) for (const value of type.value) value.options = undefined;
}

/** Prunes a message; false if neither the message nor a nested type is used. */
function pruneMessage(message: DescriptorProto, prefix: string, used: ReadonlySet<string>): boolean {
  const name = `${prefix}${message.name}`;
  const isUsed = used.has(name);
  message.nestedType = message.nestedType.filter(
    // An entry of a map has no name of its own in the registry.
    (nested) => (isUsed && nested.options?.mapEntry === true) || pruneMessage(nested, `${name}.`, used),
  );
  message.enumType = message.enumType.filter((type) => used.has(`${name}.${type.name}`));
  for (const type of message.enumType) for (const value of type.value) value.options = undefined;
  if (!isUsed) {
    message.field = [];
    message.oneofDecl = [];
  }
  for (const field of message.field) if (field.options) keepUnknown(field.options, () => false);
  if (message.options) keepUnknown(message.options, () => false);
  return isUsed || message.nestedType.length > 0 || message.enumType.length > 0;
}

/** Removes the options that are extensions. */
function keepUnknown(options: Message, keeps: (no: number) => boolean): void {
  const kept = options.$unknown?.filter(({ no }) => keeps(no)) ?? [];
  if (kept.length > 0) options.$unknown = kept;
  else delete options.$unknown;
}

function typeNamesIn(file: FileDescriptorProto): string[] {
  const inMessage = (message: DescriptorProto): string[] => [
    ...message.field.map((field) => field.typeName),
    ...message.nestedType.flatMap(inMessage),
  ];
  const inMethods = file.service.flatMap((service) => service.method.flatMap((one) => [one.inputType, one.outputType]));
  return [...file.messageType.flatMap(inMessage), ...inMethods].filter((name) => name !== "");
}

/** Returns the file of a type. The file of a nested type is that of its outer message. */
function fileNameOf(typeName: string, fileOf: ReadonlyMap<string, string>): string | undefined {
  const parts = typeName.replace(/^\./, "").split(".");
  for (let length = parts.length; length > 0; length -= 1) {
    const found = fileOf.get(parts.slice(0, length).join("."));
    if (found !== undefined) return found;
  }
  return undefined;
}

function sourceOf(packed: string): string {
  const lines = packed.match(new RegExp(`.{1,${maxLineLength - 6}}`, "g")) ?? [];
  const versions = Object.entries(packages).slice(0, 4);
  return `/**
 * Descriptors of the gRPC services, made by \`npm run descriptors\` from ${versions.map(([name, version]) => `${name} ${version}`).join(", ")}
 * (all Apache-2.0 or BSD-3-Clause). A FileDescriptorSet, compressed with Brotli, in base64.
 */

export const packedDescriptors = [
${lines.map((line) => `  "${line}",`).join("\n")}
].join("");
`;
}
