/** Makes certificates with openssl, and TLS servers that carry bytes to plain servers. */

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect as connectTcp, type Socket } from "node:net";
import { join } from "node:path";
import { createServer, type TlsOptions } from "node:tls";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./store.js";

export interface Authority {
  /** File with its certificate. */
  caFile: string;
  /** Issues the key and the certificate of a server; an expired one on request. */
  issue(names: string, isExpired?: boolean): { key: Buffer; cert: Buffer };
}

/** Makes the key of a server, and a certificate that it signs itself. */
export function selfSigned(names: string): { caFile: string; key: Buffer; cert: Buffer } {
  const folder = temporaryFolder();
  const [key, cert] = [join(folder, "server.key"), join(folder, "server.pem")];
  const subject = ["-subj", "/CN=server", "-addext", `subjectAltName=${names}`];
  execFileSync("openssl", ["req", "-x509", ...newKey, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
  return { caFile: cert, key: readFileSync(key), cert: readFileSync(cert) };
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Makes a certificate authority that lives as long as the test. */
export function makeAuthority(): Authority {
  const folder = temporaryFolder();
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => void execFileSync("openssl", args, { stdio: "ignore", cwd: folder });
  openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test Authority");
  let count = 0;
  const issue = (names: string, isExpired = false) => {
    const name = `server-${(count += 1)}`;
    openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", "/CN=server");
    writeFileSync(file(`${name}.ext`), `subjectAltName=${names}\n`);
    const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", `${name}.ext`];
    const made = ["x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...signed];
    if (!isExpired) openssl(...made, "-days", "2");
    else {
      try {
        openssl(...made, "-not_before", "20200101000000Z", "-not_after", "20200102000000Z");
      } catch {
        openssl(...made, "-days", "-1"); // before OpenSSL 3.4
      }
    }
    return { key: readFileSync(file(`${name}.key`)), cert: readFileSync(file(`${name}.pem`)) };
  };
  return { caFile: file("ca.pem"), issue };
}

/** Serves TLS on loopback, and carries all bytes to a plain server and back. Returns the port. */
export async function serveTls(options: TlsOptions, target: string): Promise<number> {
  const sockets = new Set<Socket>();
  const { hostname, port } = new URL(target);
  const server = createServer(options, (socket) => {
    const plain = connectTcp(Number(port), hostname);
    for (const [one, other] of [
      [socket, plain],
      [plain, socket],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  return (server.address() as AddressInfo).port;
}
