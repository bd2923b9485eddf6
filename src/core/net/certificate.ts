/** Certificates: what is wrong with one, in words, and what to do about it. */

import { codeOf } from "../errors.js";

const facts: Record<string, string> = {
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet (or the clock of this machine is wrong)",
  DEPTH_ZERO_SELF_SIGNED_CERT: "is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "comes from an authority that this machine does not know",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "comes without the certificates of its authority",
  UNABLE_TO_GET_ISSUER_CERT: "comes from an authority that this machine does not know",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "comes from an authority that this machine does not know",
  ERR_TLS_CERT_ALTNAME_INVALID: "is for another host",
  HOSTNAME_MISMATCH: "is for another host",
  CERT_REVOKED: "was revoked",
  CERT_UNTRUSTED: "is not trusted",
  CERT_SIGNATURE_FAILURE: "has a wrong signature",
  CERT_CHAIN_TOO_LONG: "has too long a chain",
  INVALID_CA: "comes from an authority that may not issue it",
  INVALID_PURPOSE: "is not meant for servers",
};
const unknownAuthority = /SELF_SIGNED|UNABLE_TO|UNTRUSTED/;
const noTls = /^(ERR_SSL_|EPROTO)/;

/** What is wrong with the certificate of a server, or that it does not speak TLS, with the next step; undefined for every other error. */
export function certificateProblem(error: unknown, host: string): string | undefined {
  const code = codeOf(error, "");
  const fact = facts[code];
  if (fact !== undefined) {
    const step = unknownAuthority.test(code)
      ? "if the authority is your own, name its certificate in NODE_EXTRA_CA_CERTS"
      : "check the address, or tell the server's owner";
    return `the certificate of ${host} ${fact} (${code}); ${step}`;
  }
  if (!noTls.test(code)) return undefined;
  return `${host} does not answer as a TLS server does (${code}); check port and scheme: is it http?`;
}
