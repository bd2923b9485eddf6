/** The opener of buckets, and what it needs: names, answers, credentials. */

import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { openUri } from "../../../src/core/content/open-uri.js";
import { addAccess } from "../../../src/formats/s3/access.js";
import { sendS3 } from "../../../src/formats/s3/client.js";
import { CredentialsCache, fromChain } from "../../../src/formats/s3/credentials.js";
import { objectUri, parseObjectUri, parseTyped } from "../../../src/formats/s3/object-uri.js";
import { s3Opener } from "../../../src/formats/s3/opener.js";
import { signatureOf } from "../../../src/formats/s3/sign.js";
import { parseXml } from "../../../src/formats/s3/xml.js";
import { testOpener } from "../../../src/testing/index.js";
import { etagOf, openS3, s3Keys } from "../../helpers/s3-server.js";
import { temporaryFolder } from "../../helpers/store.js";

afterEach(() => vi.unstubAllEnvs());

const calm = Buffer.from("calm sea");

testOpener("s3", async () => {
  const { url: endpoint } = await openS3({ "b/a b.txt": calm });
  const { place } = addAccess("test", "b", { endpoint, credentials: s3Keys });
  const uri = objectUri({ ...place, key: "a b.txt" });
  return {
    opener: s3Opener,
    uri,
    bytes: calm,
    version: etagOf(calm),
    missingUri: objectUri({ ...place, key: "none" }),
  };
});

async function bytesOf(uri: string, sizeBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of openUri({ uri, sizeBytes })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("the URI of an object", () => {
  it("keeps every key, and says how to reach the bucket, without credentials", () => {
    for (const key of ["a b", "../x", "/abs", "a//b", "100%", "q?x#y", "ü\n", "plus+", "'()*!"]) {
      const object = {
        bucket: "b",
        key,
        endpoint: "http://h:9000",
        region: "garage",
        pathStyle: false,
        anonymous: true,
      };
      expect(parseObjectUri(objectUri(object))).toEqual(object);
      expect(parseTyped("test", `s3://b/${key}`)).toEqual({ bucket: "b", key });
    }
    expect(objectUri({ bucket: "b", key: "a/ü.jpg" })).toBe("s3://b/a/%C3%BC.jpg");
  });

  it.each(["s3://b", "s3:///x", "s3://b/%E0%A4", "http://b/x"])("is refused if it is %s", (uri) => {
    expect(() => parseObjectUri(uri)).toThrow(expect.objectContaining({ code: "ERR_S3_URI" }));
  });

  it("is opened with the credentials of the environment where no source named them, at an endpoint of the environment only", async () => {
    const server = await openS3({ "b/a.txt": calm });
    const uri = objectUri({ bucket: "b", key: "a.txt", endpoint: server.url });
    await expect(bytesOf(uri, 8)).rejects.toMatchObject({
      code: "ERR_S3_ENDPOINT",
      message: expect.stringContaining("AWS_ENDPOINT_URL_S3="),
    });
    expect(server.requests).toEqual([]);
    vi.stubEnv("AWS_ENDPOINT_URL_S3", `${server.url}/`);
    vi.stubEnv("AWS_ACCESS_KEY_ID", s3Keys.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", s3Keys.secretAccessKey);
    expect(await bytesOf(uri, 8)).toEqual(calm);
  });
});

describe("a request", () => {
  it("ends when the service does not answer in time, and may be repeated", async () => {
    const { url: endpoint } = await openS3({}, { hangs: true });
    const access = addAccess("test", "b", { endpoint, credentials: s3Keys, timeoutMs: 20 });
    await expect(sendS3(access, { what: "s3://b" })).rejects.toMatchObject({
      code: "ERR_S3_UNREACHABLE",
      retryable: true,
    });
  });

  it("is not redirected to another host", async () => {
    const other = await openS3({ "b/a.txt": calm });
    const server = createServer((_, response) => response.writeHead(307, { location: `${other.url}/b/a.txt` }).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const access = addAccess("test", "b", { endpoint, credentials: s3Keys });
    await expect(sendS3(access, { key: "a.txt", what: "s3://b/a.txt" })).rejects.toMatchObject({
      code: "ERR_S3_REFUSED",
    });
    expect(other.requests).toEqual([]);
  });

  it("goes to the host of the bucket at AWS, and to its path if the name has dots", async () => {
    const hosts: string[] = [];
    const dispatcher = {
      request: async ({ origin, path }: { origin: string; path: string }) =>
        Promise.reject(new Error(`${hosts.push(origin + path)}`)),
    };
    for (const [bucket, region] of [
      ["photos", "eu-west-1"],
      ["my.photos", "us-east-1"],
      ["cn", "cn-north-1"],
    ] as const) {
      const access = {
        ...addAccess("test", bucket, { region, credentials: s3Keys }),
        network: { agent: dispatcher } as never,
      };
      await sendS3(access, { key: "a b", what: "x" }).catch(() => undefined);
    }
    expect(hosts).toEqual([
      "https://photos.s3.eu-west-1.amazonaws.com/a%20b",
      "https://s3.us-east-1.amazonaws.com/my.photos/a%20b",
      "https://cn.s3.cn-north-1.amazonaws.com.cn/a%20b",
    ]);
  });

  it("has the signature that botocore computes", async () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 2, 3, 4, 5), toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const path = "/b/a%20b/%2B%25/..x/../%C3%BC%27%28%29.jpg?encoding-type=url&list-type=2&prefix=a%2Fb%20c";
    const request = { host: "s3.example:9000", path, region: "eu-west-1" };
    const signed = await signatureOf(request, { ...s3Keys, sessionToken: "token/+=" });
    expect(signed.Authorization).toMatch(/Signature=9da71391410e38903889483c5a83fd25516cd334d3d452068bd4cfc2347bb448$/);
  });
});

describe("an answer in XML", () => {
  it("is read with references, empty elements and comments, and no other document", () => {
    const found = parseXml('<?xml version="1.0"?>\n<!-- c --><a:A x="1>2"><B>1 &lt; &#x32;&#51;</B><C/></a:A>');
    expect(found).toMatchObject({
      name: "A",
      children: [
        { name: "B", text: "1 < 23" },
        { name: "C", text: "" },
      ],
    });
    for (const text of [
      "",
      "text",
      "<a>",
      "<a></b>",
      "<a>&entity;</a>",
      "<!DOCTYPE x><a/>",
      "<a/><b/>",
      "<a".repeat(30),
    ])
      expect(parseXml(text)).toBeUndefined();
  });
});

describe("credentials", () => {
  const nowhere = () => {
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"])
      vi.stubEnv(name, undefined);
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    const folder = temporaryFolder();
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "credentials"));
    vi.stubEnv("AWS_CONFIG_FILE", join(folder, "config"));
    return folder;
  };

  it("come from the environment, then from the profile", async () => {
    const folder = nowhere();
    writeFileSync(
      join(folder, "credentials"),
      "# c\n[default]\naws_access_key_id = D\naws_secret_access_key=d=/+\n[work]\naws_access_key_id=W\naws_secret_access_key=w\naws_session_token=t\n",
    );
    expect(await fromChain()).toMatchObject({ accessKeyId: "D", secretAccessKey: "d=/+" });
    vi.stubEnv("AWS_PROFILE", "work");
    expect(await fromChain()).toEqual({ accessKeyId: "W", secretAccessKey: "w", sessionToken: "t" });
    vi.stubEnv("AWS_ACCESS_KEY_ID", "E");
    await expect(fromChain()).rejects.toMatchObject({
      code: "ERR_S3_CREDENTIALS",
      message: expect.stringContaining("AWS_SECRET_ACCESS_KEY is not set"),
    });
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "e");
    expect(await fromChain()).toMatchObject({ accessKeyId: "E" });
  });

  it("are refused with the reason if there are none, or if the profile needs another program", async () => {
    const folder = nowhere();
    await expect(fromChain()).rejects.toThrow(/there are no credentials \(searched:/);
    vi.stubEnv("AWS_PROFILE", "typo");
    await expect(fromChain()).rejects.toThrow(/"typo" of AWS_PROFILE is in none of the files/);
    vi.stubEnv("AWS_PROFILE", "sso");
    writeFileSync(join(folder, "config"), "[profile sso]\nsso_session = corp\nregion = eu-west-1\n");
    await expect(fromChain()).rejects.toThrow(/"sso" signs in with SSO, which is not supported; pass credentials/);
  });

  it("come from the container and from the metadata service, with its token", async () => {
    nowhere();
    const keys = { AccessKeyId: "M", SecretAccessKey: "m", Token: "t", Expiration: "2100-01-01T00:00:00Z" };
    const server = createServer(({ url, method, headers }, response) => {
      const isToken = method === "PUT" && url === "/latest/api/token";
      const isKnown = headers["x-aws-ec2-metadata-token"] === "T" || headers.authorization === "A" || isToken;
      if (!isKnown) return void response.writeHead(401).end();
      response.end(isToken ? "T" : url?.endsWith("/security-credentials/") ? "my role\n" : JSON.stringify(keys));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "false");
    vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", base);
    const expected = { accessKeyId: "M", sessionToken: "t", expiration: new Date("2100-01-01") };
    expect(await fromChain()).toMatchObject(expected);
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${base}/creds`);
    vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "A");
    expect(await fromChain()).toMatchObject(expected);
  });

  it("are asked for again before they expire, and never shown", async () => {
    let calls = 0;
    const provider = () => ({
      accessKeyId: `K${(calls += 1)}`,
      secretAccessKey: "s",
      expiration: new Date(Date.now() + 60_000),
    });
    const cache = new CredentialsCache(provider);
    expect((await cache.get()).accessKeyId).toBe("K1");
    expect((await cache.get()).accessKeyId).toBe("K2");
    const wrong = new CredentialsCache(() => ({ accessKeyId: "", secretAccessKey: "hush" }));
    await expect(wrong.get()).rejects.toThrow(/^(?!.*hush)/);
  });
});
