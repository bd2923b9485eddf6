/** Certificates: describes their problems, with the next step. */

import { codeOf } from "../errors.js";

const facts: Record<string, string> = {
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet (or the clock of this machine is wrong)",
  DEPTH_ZERO_SELF_SIGNED_CERT: "is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "comes from an authority that this machine does not know",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "comes without the intermediate certificates of its authority",
  UNABLE_TO_GET_ISSUER_CERT: "comes from an authority that this machine does not know",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "comes from an authority that this machine does not know",
  ERR_TLS_CERT_ALTNAME_INVALID: "is for another host",
  HOSTNAME_MISMATCH: "is for another host",
  CERT_REVOKED: "was revoked",
  CERT_UNTRUSTED: "is not trusted",
  CERT_SIGNATURE_FAILURE: "has a wrong signature",
  CERT_CHAIN_TOO_LONG: "has a chain that is too long",
  INVALID_CA: "comes from an authority that may not issue it",
  INVALID_PURPOSE: "is not meant for servers",
};
const unknownAuthority = /SELF_SIGNED|UNABLE_TO|UNTRUSTED/;
const noTls = /^(ERR_SSL_|EPROTO)/;

/**
 * Describes a problem with the certificate of a server, or with a server that does not speak TLS; returns undefined for every other error.
 * `authorityStep` is the next step if the authority is unknown.
 */
export function certificateProblem(
  error: unknown,
  host: string,
  authorityStep = "name its certificate in NODE_EXTRA_CA_CERTS",
): string | undefined {
  const code = codeOf(error, "");
  const fact = facts[code];
  if (fact !== undefined) {
    const step = unknownAuthority.test(code)
      ? `if the authority is your own, ${authorityStep}`
      : "check the address, or inform the owner of the server";
    return `the certificate of ${host} ${fact} (${code}); ${step}`;
  }
  if (!noTls.test(code)) return undefined;
  return `${host} does not answer as a TLS server (${code}); check the port and the scheme: is it http?`;
}
