/** Connections to servers whose certificates come from an authority of one's own. */

import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { startEmulator } from "../../../../src/emulator/index.js";
import { type ConnectOptions, connect, download, flow, fromIterable, upload } from "../../../../src/index.js";
import { type Authority, makeAuthority, selfSigned, serveTls } from "../../../helpers/certificates.js";
import { startCommand } from "../../../helpers/command.js";
import { temporaryFolder, type Wire, wires } from "../../../helpers/store.js";

const photo = readFileSync(join(import.meta.dirname, "../../../../examples/data/harbour/quay.jpg"));

beforeEach(() => {
  for (const name of ["CLARIFAI_PAT", "CLARIFAI_API_BASE", "CLARIFAI_ROOT_CERTIFICATES_PATH"]) vi.stubEnv(name, "");
});
afterEach(() => vi.unstubAllEnvs());

interface Served {
  store: Awaited<ReturnType<typeof startEmulator>>;
  options: ConnectOptions;
}

/** Starts an emulator behind TLS on both wires. */
async function serve(certificate: ReturnType<Authority["issue"]>): Promise<Served> {
  const store = await startEmulator({ grpcPort: 0 });
  onTestFinished(() => store.close());
  const baseUrl = `https://127.0.0.1:${await serveTls(certificate, store.url)}`;
  const grpcPort = await serveTls({ ...certificate, ALPNProtocols: ["h2"] }, store.grpcUrl ?? "");
  return { store, options: { baseUrl, grpcUrl: `https://127.0.0.1:${grpcPort}`, pat: "any", retryForMs: 0 } };
}

async function uploadWith(options: ConnectOptions, wire: Wire) {
  const { grpcUrl, ...others } = options;
  const app = await connect({ ...others, wire, ...(wire === "grpc" ? { grpcUrl } : {}) });
  onTestFinished(() => app.close());
  return flow(fromIterable([{ id: "quay", image: { bytes: photo } }]))
    .pipe(upload(app))
    .run();
}

describe.each<Wire>(wires)("a server with a certificate of one's own authority, over %s", (wire) => {
  it("is trusted with caFile, and with the variable of the official SDK", async () => {
    const authority = makeAuthority();
    const { store, options } = await serve(authority.issue("IP:127.0.0.1"));
    const report = await uploadWith({ ...options, caFile: authority.caFile }, wire);
    expect(report.counts).toMatchObject({ read: 1, ok: 1 });
    vi.stubEnv("CLARIFAI_ROOT_CERTIFICATES_PATH", authority.caFile);
    expect((await uploadWith(options, wire)).counts).toMatchObject({ read: 1, skipped: 1 });
    expect(store.stored().map(({ id }) => id)).toEqual(["quay"]);
  });

  it("is refused without caFile, and with another authority; the error names the next step", async () => {
    const { store, options } = await serve(makeAuthority().issue("IP:127.0.0.1"));
    await expect(uploadWith(options, wire)).rejects.toMatchObject({
      code: "ERR_CERTIFICATE",
      message: expect.stringMatching(/authority is your own, name a PEM file .*connect\(\{ caFile \}\)/) as string,
    });
    const { caFile } = makeAuthority();
    await expect(uploadWith({ ...options, caFile }, wire)).rejects.toMatchObject({
      code: "ERR_CERTIFICATE",
      message: expect.stringContaining(`add its certificate to ${caFile} (caFile)`) as string,
    });
    expect(store.stored()).toEqual([]);
  });

  it.each([
    ["has expired", "IP:127.0.0.1", true, /has expired \(CERT_HAS_EXPIRED\); check the address, or inform the owner/],
    ["is for another host", "DNS:api.test", false, /is for another host/],
  ])("is refused, also with caFile, if the certificate %s", async (_, names, isExpired, text) => {
    const authority = makeAuthority();
    const { options } = await serve(authority.issue(names, isExpired));
    await expect(uploadWith({ ...options, caFile: authority.caFile }, wire)).rejects.toMatchObject({
      code: "ERR_CERTIFICATE",
      message: expect.stringMatching(text) as string,
    });
  });

  it("is trusted if its certificate is self-signed and in caFile", async () => {
    const { caFile, ...certificate } = selfSigned("IP:127.0.0.1");
    const { options } = await serve(certificate);
    await expect(uploadWith(options, wire)).rejects.toMatchObject({
      code: "ERR_CERTIFICATE",
      message: expect.stringMatching(/is self-signed .*caFile/) as string,
    });
    expect((await uploadWith({ ...options, caFile }, wire)).counts).toMatchObject({ read: 1, ok: 1 });
  });
});

describe("the command line", () => {
  it("trusts the file of --ca-file besides the authorities of Node.js", { timeout: 120_000 }, async () => {
    const [one, other] = [makeAuthority(), makeAuthority()];
    const cwd = temporaryFolder();
    const env = { CLARIFAI_PAT: "any", NODE_EXTRA_CA_CERTS: one.caFile };
    for (const { issue } of [one, other]) {
      const { baseUrl = "" } = (await serve(issue("IP:127.0.0.1"))).options;
      const listed = await startCommand(["list", "--base-url", baseUrl, "--ca-file", other.caFile], { cwd, env }).ended;
      expect(listed).toMatchObject({ code: 0, stderr: "sluice: no inputs found\n" });
    }
  });
});

describe("media on the origin of the API", () => {
  async function fetchFrom(trusted: "caFile" | "nothing") {
    const authority = makeAuthority();
    const web = createServer((request, response) => {
      if (request.headers.authorization === "Key any") response.end(photo);
      else response.writeHead(401).end();
    });
    onTestFinished(() => void web.close());
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    const target = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    const baseUrl = `https://127.0.0.1:${await serveTls(authority.issue("IP:127.0.0.1"), target)}`;
    const app = await connect({ baseUrl, pat: "any", ...(trusted === "caFile" && { caFile: authority.caFile }) });
    onTestFinished(() => app.close());
    const folder = temporaryFolder();
    const report = await flow(fromIterable([{ id: "quay", image: { url: `${baseUrl}/quay.jpg` } }]))
      .pipe(download(folder, { app }))
      .run();
    return { folder, report };
  }

  it("are downloaded with the authority of caFile", async () => {
    const { folder, report } = await fetchFrom("caFile");
    expect(report.counts).toMatchObject({ read: 1, ok: 1 });
    expect(readFileSync(join(folder, "quay.jpg")).equals(photo)).toBe(true);
  });

  it("fail at once without it, and the error names the next step", async () => {
    const { report } = await fetchFrom("nothing");
    expect(report.failures).toMatchObject([
      { code: "ERR_CERTIFICATE", reason: expect.stringMatching(/connect\(\{ caFile \}\)/) as string },
    ]);
    expect(report.traffic.requests).toBe(1);
  });
});

describe("a caFile that cannot be used is refused before anything is sent", () => {
  const failing = (options: ConnectOptions) =>
    connect({ baseUrl: "https://127.0.0.1:9", pat: "any", ...options }).catch((error: unknown) => error);

  it.each<[string, (file: string) => void, RegExp]>([
    ["does not exist", () => undefined, /^connect: caFile: \S+ cannot be read: .*ENOENT/],
    ["is empty", (file) => writeFileSync(file, ""), /has no certificate in PEM form; .*openssl x509 -inform der/],
    ["is a photo", (file) => writeFileSync(file, photo), /has no certificate in PEM form/],
    [
      "is broken",
      (file) => writeFileSync(file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
      /certificate 1 of \S+ cannot be read/,
    ],
    [
      "has only a key",
      (file) => writeFileSync(file, readFileSync(makeAuthority().caFile.replace(/pem$/, "key"))),
      /has no certificate in PEM form/,
    ],
  ])("%s", async (_, write, text) => {
    const caFile = join(temporaryFolder(), "ca.pem");
    write(caFile);
    expect(await failing({ caFile })).toMatchObject({
      name: "OptionsError",
      code: "ERR_CA_FILE",
      message: expect.stringMatching(text) as string,
    });
    vi.stubEnv("CLARIFAI_ROOT_CERTIFICATES_PATH", caFile);
    expect(await failing({})).toMatchObject({
      code: "ERR_CA_FILE",
      message: expect.stringContaining("connect: CLARIFAI_ROOT_CERTIFICATES_PATH: ") as string,
    });
  });

  it("is for an emulator in this process", async () => {
    expect(await connect({ caFile: makeAuthority().caFile }).catch((error: unknown) => error)).toMatchObject({
      code: "ERR_OPTIONS",
      message: expect.stringContaining("caFile needs a server") as string,
    });
  });
});
