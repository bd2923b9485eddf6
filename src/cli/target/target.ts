/**
 * The target of a command: server, key, user and app, from options, the environment, `.env` and a profile.
 *
 * Server and key come from the same place. So a `.env` in a folder from elsewhere cannot send the key of the environment to a server of its own.
 */

import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { looksLikePage } from "../../clarifai/client/access/app-url.js";
import { codeOf, describeError, OptionsError } from "../../core/errors.js";
import { type ConfigFile, type Profile, readConfig } from "./config-file.js";

/** The options of the command line that name a target. */
export interface TargetOptions {
  baseUrl?: string | undefined;
  user?: string | undefined;
  app?: string | undefined;
  store?: string | undefined;
  wire?: "grpc" | "rest" | "auto" | undefined;
  grpcUrl?: string | undefined;
  profile?: string | undefined;
}

/** A target, as `connect` takes it, and where its parts come from. */
export interface Target {
  settings: {
    /** Page of the app on the web site, in place of server, user and app. */
    url?: string | undefined;
    sessionToken?: string | undefined;
    baseUrl?: string | undefined;
    pat?: string | undefined;
    userId?: string | undefined;
    appId?: string | undefined;
    data?: string | undefined;
    wire?: "grpc" | "rest" | "auto" | undefined;
    grpcUrl?: string | undefined;
  };
  /** The place of each part that is set: `app: --app`, `server and key: profile "work"`. */
  origins: string[];
  /** Whether a part comes from `.env` or a profile, which the command line does not show. */
  isIndirect: boolean;
  /** A server that is not used, because the key comes from another place. */
  ignored?: string | undefined;
}

/** One place that may name a target. */
interface Place extends Profile {
  sessionToken?: string | undefined;
  name: string;
  kind: "environment" | "dotenv" | "profile";
}

const platformUrl = "https://api.clarifai.com";

/**
 * Finds the target. Options win; then come the environment, `.env` in the working directory, and the profile of `SLUICE_PROFILE` or "default". A profile
 * that `--profile` names wins over the environment.
 *
 * @throws {OptionsError} ERR_CONFIG, ERR_CREDENTIALS
 */
export function targetOf(options: TargetOptions, env: NodeJS.ProcessEnv = process.env): Target {
  const profile = profileOf(options.profile, env);
  const fromEnvironment = environmentPlace("environment", "the environment", env);
  const places = [fromEnvironment, dotenvPlace(), ...(profile ? [profile] : [])];
  if (profile && options.profile !== undefined) places.unshift(...places.splice(-1));

  const origins: string[] = [];
  const used = new Set<Place>();
  const { url, ...named } = namedApp(options);
  const pick = (field: "user" | "app"): string | undefined => {
    const option = field === "user" ? named.userId : named.appId;
    const flag = options[field] === undefined ? "--app" : `--${field}`;
    if (option !== undefined) return note(origins, `${field}: ${flag}`, option);
    if (url !== undefined) return undefined;
    const place = places.find((one) => one[field] !== undefined);
    if (!place) return undefined;
    used.add(place);
    return note(origins, `${field}: ${place.name}`, place[field]);
  };
  const ids = { userId: pick("user"), appId: pick("app") };
  if (url !== undefined) origins.push("app: --app");
  const { place, ...server } = serverOf(options, places, env, origins, url);
  if (place) used.add(place);
  const own = place?.kind === "profile" ? place : undefined;
  return {
    settings: {
      ...(url !== undefined && { url }),
      ...ids,
      ...server,
      wire: options.wire ?? own?.wire,
      grpcUrl: options.grpcUrl ?? own?.grpcUrl,
    },
    origins,
    isIndirect: [...used].some(({ kind }) => kind !== "environment"),
    ignored: options.baseUrl === undefined && url === undefined ? ignoredServer(place, places) : undefined,
  };
}

function note<T>(origins: string[], text: string, value: T): T {
  origins.push(text);
  return value;
}

/** Chooses the server and its key: both of the first place that names either. */
function serverOf(
  options: TargetOptions,
  places: readonly Place[],
  env: NodeJS.ProcessEnv,
  origins: string[],
  url: string | undefined,
) {
  const { baseUrl, store } = options;
  if (store !== undefined)
    return note(origins, "store: --store", { data: store, place: undefined, ...(baseUrl && { baseUrl }) });
  const hasKey = (one: Place) => one.pat !== undefined || one.patEnv !== undefined || one.sessionToken !== undefined;
  if (baseUrl !== undefined || url !== undefined) {
    const place = places.find(hasKey);
    if (place && url !== undefined && baseUrl === undefined) refuseForeignKey(place, url);
    origins.push(`server: ${baseUrl === undefined ? "--app" : "--base-url"}`, ...(place ? [`key: ${place.name}`] : []));
    return {
      ...(baseUrl !== undefined && { baseUrl }),
      ...(place && place.kind !== "environment" && secretOf(place, env)),
      place,
    };
  }
  const place = places.find((one) => hasKey(one) || one.baseUrl !== undefined || one.store !== undefined);
  if (!place) return { place: undefined };
  if (place.store !== undefined) return note(origins, `store: ${place.name}`, { data: place.store, place });
  origins.push(`server and key: ${place.name}`);
  if (place.kind === "environment") return { place }; // connect() reads it, and names the variables in its errors
  const secret = secretOf(place, env);
  const { baseUrl: server = platformUrl } = place;
  if (secret === undefined && server.replace(/\/+$/, "") === platformUrl) {
    const hint = "write its key beside it, since server and key come from the same place";
    throw new OptionsError("ERR_CREDENTIALS", `${place.name} names the server ${server} and no key; ${hint}`);
  }
  return { baseUrl: server, ...(secret ?? { pat: "local" }), place };
}

/** Refuses to send the key of another server to the platform, whose page `--app` names. @throws {OptionsError} ERR_CREDENTIALS */
function refuseForeignKey({ name, kind, baseUrl }: Place, url: string): void {
  if (kind === "environment") return; // connect() documents what it does
  const isPlatformPage = /^(?:https?:\/\/)?(?:www\.)?clarifai\.com(?:\/|$)/i.test(url);
  if (!isPlatformPage || baseUrl === undefined || baseUrl.replace(/\/+$/, "") === platformUrl) return;
  const text = `--app is a page of ${platformUrl}, and the key of ${name} is for ${baseUrl}`;
  throw new OptionsError("ERR_CREDENTIALS", `${text}; name the app by its id, or pass a key of the platform`);
}

/** Reads `--user` and `--app`. @throws {OptionsError} ERR_OPTIONS */
export function namedApp({ user, app }: TargetOptions): { url?: string; userId?: string; appId?: string } {
  const named = user === undefined ? {} : { userId: user };
  if (app === undefined) return named;
  if (looksLikePage(app)) return { ...named, url: app };
  if (!app.includes("/")) return { ...named, appId: app };
  const [userId, appId, ...more] = app.split("/");
  if (!userId || !appId || more.length > 0) {
    throw new OptionsError("ERR_OPTIONS", `--app: "${app}" is neither an id nor <user>/<id>`);
  }
  if (user !== undefined)
    throw new OptionsError("ERR_OPTIONS", `--app: ${app} names a user, and so does --user; leave one out`);
  return { userId, appId };
}

/** Describes a server that a later place names, if the first place has a key only and so means the platform. */
function ignoredServer(chosen: Place | undefined, places: readonly Place[]): string | undefined {
  if (!chosen || chosen.baseUrl !== undefined || chosen.store !== undefined) return undefined;
  const other = places.slice(places.indexOf(chosen)).find((one) => one.baseUrl !== undefined);
  if (!other) return undefined;
  return `the server of ${other.name} is not used, because the key comes from ${chosen.name}; name both in one place, or pass --base-url`;
}

function secretOf(
  { pat, patEnv, sessionToken, name }: Place,
  env: NodeJS.ProcessEnv,
): { pat?: string; sessionToken?: string } | undefined {
  if (patEnv === undefined)
    return pat !== undefined ? { pat } : sessionToken !== undefined ? { sessionToken } : undefined;
  const key = env[patEnv];
  if (key) return { pat: key };
  throw new OptionsError("ERR_CREDENTIALS", `${name}: the variable ${patEnv}, which should have the key, is not set`);
}

function environmentPlace(kind: "environment" | "dotenv", name: string, env: NodeJS.Dict<string>): Place {
  const value = (key: string) => env[key]?.trim() || undefined;
  return {
    kind,
    name,
    baseUrl: value("CLARIFAI_API_BASE"),
    pat: env.CLARIFAI_PAT || undefined,
    sessionToken: env.CLARIFAI_SESSION_TOKEN || undefined,
    user: value("CLARIFAI_USER_ID"),
    app: value("CLARIFAI_APP_ID"),
  };
}

/** Reads only these variables: others, such as those of Node.js and of proxies, would let a folder change how the program runs. */
function dotenvPlace(): Place {
  let content = "";
  try {
    content = readFileSync(".env", "utf8");
  } catch (error) {
    if (!/^(?:ENOENT|EISDIR|EACCES)$/.test(codeOf(error, ""))) {
      throw new OptionsError("ERR_CONFIG", `.env cannot be read: ${describeError(error)}`);
    }
  }
  return environmentPlace("dotenv", ".env", parseEnv(content) as NodeJS.Dict<string>);
}

function profileOf(named: string | undefined, env: NodeJS.ProcessEnv): Place | undefined {
  const config = readConfig(env);
  const wanted = named ?? (env.SLUICE_PROFILE || undefined);
  const name = wanted ?? "default";
  const profile = Object.hasOwn(config.profiles, name) ? config.profiles[name] : undefined;
  if (profile) return { ...profile, kind: "profile", name: `profile "${name}"` };
  if (wanted === undefined) return undefined;
  throw unknownProfile(wanted, named === undefined ? "SLUICE_PROFILE" : "--profile", config);
}

function unknownProfile(wanted: string, by: string, { path, exists, profiles }: ConfigFile): OptionsError {
  const known = Object.keys(profiles).join(", ");
  const hint = !exists ? "the file does not exist" : known === "" ? "it has no profiles" : `it has ${known}`;
  return new OptionsError("ERR_CONFIG", `${by}: there is no profile "${wanted}" in ${path}: ${hint}`);
}

/** Sets the variables that `connect()` reads, for a program of the user that connects by itself. A store has no variable. */
export function exportTarget({ settings }: Target, env: NodeJS.ProcessEnv = process.env): void {
  const { baseUrl, pat, sessionToken, userId, appId, data, url } = settings;
  if (url !== undefined)
    throw new OptionsError("ERR_OPTIONS", "--app: for a pipeline, name the app by its id, and --user");
  if (data !== undefined) {
    const text = "a pipeline names its store itself: connect({ data }); leave out --store and the store of the profile";
    throw new OptionsError("ERR_OPTIONS", text);
  }
  const variables = {
    CLARIFAI_API_BASE: baseUrl,
    CLARIFAI_PAT: pat,
    CLARIFAI_SESSION_TOKEN: sessionToken,
    CLARIFAI_USER_ID: userId,
    CLARIFAI_APP_ID: appId,
  };
  for (const [name, value] of Object.entries(variables)) if (value !== undefined) env[name] = value;
  if (pat !== undefined) delete env.CLARIFAI_SESSION_TOKEN;
  if (sessionToken !== undefined) delete env.CLARIFAI_PAT;
}
