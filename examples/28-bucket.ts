/** A bucket of an S3-compatible service: its objects, and an archive in it. The example serves the bucket itself. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive, batch, connect, flow, s3, tagMetadata, upload } from "sluice";

const data = join(import.meta.dirname, "data");
const tar = join(mkdtempSync(join(tmpdir(), "sluice-bucket-")), "market.tar");
execFileSync("tar", ["-cf", tar, "-C", data, "market"]);

// The service: it lists the bucket, and sends parts of objects.
const objects = new Map([["archives/market.tar", readFileSync(tar)]]);
for (const name of readdirSync(data, { recursive: true, encoding: "utf8" }))
  if (statSync(join(data, name)).isFile()) objects.set(name.replaceAll("\\", "/"), readFileSync(join(data, name)));
const etagOf = (bytes: Buffer) => `"${createHash("md5").update(bytes).digest("hex")}"`;
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://127.0.0.1");
  const bytes = objects.get(decodeURIComponent(pathname.slice("/photos/".length)));
  const [, first = "0", last = "0"] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
  if (bytes) {
    const part = bytes.subarray(Number(first), Number(last) + 1);
    const range = `bytes ${first}-${Number(first) + part.length - 1}/${bytes.length}`;
    return response.writeHead(206, { etag: etagOf(bytes), "content-range": range }).end(part);
  }
  if (!searchParams.has("list-type")) return response.writeHead(404).end();
  const found = [...objects].filter(([key]) => key.startsWith(searchParams.get("prefix") ?? ""));
  const contents = found.map(([key, { length }]) => `<Contents><Key>${key}</Key><Size>${length}</Size></Contents>`);
  return response.end(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join("")}</ListBucketResult>`);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

// A real service: leave out `credentials`, and they come from AWS_ACCESS_KEY_ID … or ~/.aws.
const service = { endpoint, credentials: { accessKeyId: "example", secretAccessKey: "example" } };
const app = await connect();
const objectsOf = flow(s3("s3://photos/harbour", { ...service, labels: "folder" }));
console.log("objects:", (await objectsOf.pipe(batch(), upload(app)).run()).summary());
const entries = flow(archive("s3://photos/archives/market.tar", { s3: service, kinds: ["image"] }));
console.log("archive:", (await entries.pipe(tagMetadata({ from: "a bucket" }), batch(), upload(app)).run()).summary());
server.close();
await app.close();
