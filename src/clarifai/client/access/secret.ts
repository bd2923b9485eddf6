/** The secret that says who sends a request: a personal access token or a session token. */

import { OptionsError } from "../../../core/errors.js";

/** One of the two tokens of the API. */
export interface Secret {
  /** A personal access token. */
  pat?: string | undefined;
  /** The token of a session of a signed-in user. */
  sessionToken?: string | undefined;
}

/** A secret, and the name of the option or variable that it came from. */
export interface NamedSecret extends Secret {
  name: string;
}

/** Returns the header that carries the secret. */
export function secretHeaders({ pat, sessionToken }: Secret): Record<string, string> {
  if (sessionToken !== undefined) return { "x-clarifai-session-token": sessionToken };
  return { authorization: `Key ${pat}` };
}

/**
 * Returns the one secret of the options, else that of the environment; undefined if neither has one.
 *
 * @throws {OptionsError} ERR_OPTIONS if the options have both tokens; ERR_CREDENTIALS if the environment has both
 */
export function chooseSecret({ pat, sessionToken }: Secret, usesEnvironment: boolean): NamedSecret | undefined {
  if (pat !== undefined && sessionToken !== undefined) {
    throw new OptionsError("ERR_OPTIONS", "connect: pat and sessionToken are both set; pass one of them");
  }
  if (pat !== undefined) return { pat, name: "pat" };
  if (sessionToken !== undefined) return { sessionToken, name: "sessionToken" };
  if (!usesEnvironment) return undefined;
  const [key, token] = [secretFrom("CLARIFAI_PAT"), secretFrom("CLARIFAI_SESSION_TOKEN")];
  if (key !== undefined && token !== undefined) {
    const text =
      "CLARIFAI_PAT and CLARIFAI_SESSION_TOKEN are both set; unset one of them, or pass { pat } or { sessionToken }";
    throw new OptionsError("ERR_CREDENTIALS", `connect: ${text}`);
  }
  if (key !== undefined) return { pat: key, name: "CLARIFAI_PAT" };
  return token === undefined ? undefined : { sessionToken: token, name: "CLARIFAI_SESSION_TOKEN" };
}

/** Refuses a secret that a header cannot carry unchanged. The error does not print the secret. @throws {OptionsError} ERR_CREDENTIALS */
export function checkSecret({ name, pat, sessionToken }: NamedSecret): void {
  const text = String(pat ?? sessionToken);
  if (/^[\x21-\x7e]+$/.test(text)) return;
  const what = pat === undefined ? "token" : "key";
  const isAround = /^[\x21-\x7e]+$/.test(text.trim());
  const problem = isAround
    ? `a space or a line break before or after the ${what}`
    : "a space, a line break or a character beyond ASCII";
  throw new OptionsError("ERR_CREDENTIALS", `connect: ${name} has ${problem}; set it to the ${what} alone`);
}

/** Returns the value of an environment variable unchanged, so that a space in it is refused; undefined if the variable is empty. */
function secretFrom(name: string): string | undefined {
  const secret = process.env[name];
  return secret === "" ? undefined : secret;
}
