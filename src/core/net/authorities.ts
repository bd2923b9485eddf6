/** Certificate authorities: adds those of a file to the ones that Node.js trusts. */

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import * as tls from "node:tls";
import { describeError, OptionsError } from "../errors.js";

const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Reads a file of certificates in PEM form, and returns a TLS context that trusts them and everything that this process trusts otherwise. `name` is the
 * option or variable that names the file.
 *
 * @throws {OptionsError} ERR_CA_FILE
 */
export function trustFile(path: string, name: string): tls.SecureContext {
  const certificates = readCertificates(path, name);
  return tls.createSecureContext({ ca: [...defaultAuthorities(), ...certificates] });
}

function readCertificates(path: string, name: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    throw new OptionsError("ERR_CA_FILE", `${name}: ${path} cannot be read: ${describeError(error)}`, { cause: error });
  }
  const blocks = text.match(block) ?? [];
  if (blocks.length === 0) {
    const step = "a file in DER form becomes PEM with `openssl x509 -inform der -in FILE -out FILE.pem`";
    throw new OptionsError("ERR_CA_FILE", `${name}: ${path} has no certificate in PEM form; ${step}`);
  }
  for (const [index, certificate] of blocks.entries()) {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      const text = `certificate ${index + 1} of ${path} cannot be read: ${describeError(error)}`;
      throw new OptionsError("ERR_CA_FILE", `${name}: ${text}`, { cause: error });
    }
  }
  return blocks;
}

/** Returns the authorities that Node.js trusts by default. A list of our own would replace them. */
function defaultAuthorities(): readonly string[] {
  // Node.js 20 does not have the function, and its types neither.
  const { getCACertificates } = tls as { getCACertificates?: (type: "default") => string[] };
  if (getCACertificates) return getCACertificates("default");
  const { NODE_EXTRA_CA_CERTS: extra } = process.env;
  if (!extra) return tls.rootCertificates;
  try {
    return [...tls.rootCertificates, ...(readFileSync(extra, "latin1").match(block) ?? [])];
  } catch {
    return tls.rootCertificates; // Node.js itself warns about this file, and continues
  }
}
