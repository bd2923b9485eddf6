/** The advice for a server whose certificate comes from an unknown authority. */

/** Returns the next step; `caFile` is the file that the connection trusts already. */
export function authorityStep(caFile: string | undefined): string {
  if (caFile !== undefined) return `add its certificate to ${caFile} (caFile), which does not have it`;
  return "name a PEM file with its certificate: connect({ caFile }), CLARIFAI_ROOT_CERTIFICATES_PATH or --ca-file";
}
