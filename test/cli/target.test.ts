/** Which app a command uses: options, environment, `.env` and profiles. */

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { configPath } from "../../src/cli/target/config-file.js";
import { targetOf } from "../../src/cli/target/target.js";
import { startCommand } from "../helpers/command.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

/** Writes a config file, and returns the variable that names it. */
function configWith(profiles: object, mode = 0o600): { SLUICE_CONFIG: string } {
  const path = join(temporaryFolder(), "config.json");
  writeFileSync(path, JSON.stringify({ profiles }), { mode });
  return { SLUICE_CONFIG: path };
}

const server = "http://127.0.0.1:9";

describe("the target of a command", () => {
  it("is that of the options, before the environment, before the default profile", () => {
    const env = {
      ...configWith({ default: { user: "pu", app: "pa", pat: "pk", baseUrl: server, wire: "grpc" } }),
      CLARIFAI_APP_ID: " ea ",
    };
    const { settings, origins, isIndirect } = targetOf({ user: "ou" }, env);
    expect(settings).toEqual({
      userId: "ou",
      appId: "ea",
      baseUrl: server,
      pat: "pk",
      wire: "grpc",
      grpcUrl: undefined,
    });
    expect(origins).toEqual(["user: --user", "app: the environment", 'server and key: profile "default"']);
    expect(isIndirect).toBe(true);
    expect(targetOf({ store: "./s", user: "u", app: "a" }, env)).toMatchObject({
      settings: { data: "./s" },
      origins: ["user: --user", "app: --app", "store: --store"],
      isIndirect: false,
    });
  });

  it("takes server and key from the same place, so that no place gets the key of another one", () => {
    const profiles = { default: { pat: "pk" }, local: { baseUrl: server }, data: { store: "/s" } };
    const config = configWith(profiles);
    const platform = "https://api.clarifai.com";
    expect(targetOf({}, config).settings).toMatchObject({ baseUrl: platform, pat: "pk" });
    // connect() reads the variables itself.
    expect(targetOf({}, { ...config, CLARIFAI_API_BASE: server }).settings).not.toHaveProperty("pat");
    const withKey = { ...config, CLARIFAI_PAT: "ek" };
    expect(targetOf({}, withKey).settings).not.toHaveProperty("pat");
    expect(targetOf({ profile: "local" }, withKey).settings).toMatchObject({ baseUrl: server, pat: "local" });
    expect(targetOf({ profile: "data" }, withKey).settings).toMatchObject({ data: "/s" });
    expect(targetOf({ baseUrl: server }, config).settings).toMatchObject({ baseUrl: server, pat: "pk" });
    const staging = configWith({ staging: { baseUrl: server, pat: "sk" } });
    const page = { app: "https://clarifai.com/me/vid", profile: "staging" };
    expect(() => targetOf(page, staging)).toThrow(/the key of profile "staging" is for http:\/\/127\.0\.0\.1:9/);
    expect(targetOf({ ...page, baseUrl: server }, staging).settings).toMatchObject({ baseUrl: server, pat: "sk" });
  });

  it("is that of a profile by its name, before the environment", () => {
    const config = configWith({ work: { user: "wu", app: "wa", patEnv: "WORK_PAT" }, other: { app: "oa" } });
    const env = { ...config, CLARIFAI_PAT: "ek", CLARIFAI_APP_ID: "ea", CLARIFAI_USER_ID: "eu", WORK_PAT: "wk" };
    expect(targetOf({ profile: "work" }, env).settings).toMatchObject({ userId: "wu", appId: "wa", pat: "wk" });
    expect(targetOf({}, { ...env, SLUICE_PROFILE: "work" }).settings).toMatchObject({ userId: "eu", appId: "ea" });
    expect(targetOf({}, { ...config, WORK_PAT: "wk", SLUICE_PROFILE: "work" }).settings).toMatchObject({ pat: "wk" });
    expect(targetOf({ profile: "other" }, env).settings).toMatchObject({ userId: "eu", appId: "oa" });
    expect(() => targetOf({ profile: "work" }, config)).toThrow(/WORK_PAT, which should have the key, is not set/);
    expect(() => targetOf({ profile: "nope" }, env)).toThrow(
      /--profile: there is no profile "nope" in .*it has work, other/,
    );
    expect(() => targetOf({}, { XDG_CONFIG_HOME: "/nowhere", SLUICE_PROFILE: "x" })).toThrow(
      /SLUICE_PROFILE: .*does not exist/,
    );
    expect(() => targetOf({}, { SLUICE_CONFIG: "/nowhere" })).toThrow(
      /the config file \/nowhere, which SLUICE_CONFIG names, does not exist/,
    );
  });

  it("is refused if the config file has another form, and the error does not quote a key", () => {
    const path = join(temporaryFolder(), "config.json");
    const cases: [string, RegExp][] = [
      ['{"profiles": {"a": {"pat": "secret" }', /config\.json is not JSON$/],
      ['{"profiles": {"a": {"token": "secret"}}}', /profiles\.a: unknown: token; it must be/],
      ['{"profiles": {"a": {"wire": "tcp"}}}', /profiles\.a\.wire: /],
      ['{"profiles": {"a": {"pat": "secret", "patEnv": "X"}}}', /the profile "a" has pat and patEnv/],
      ['{"profiles": {"a": {"store": "s", "pat": "secret"}}}', /the profile "a" has store and a server or key/],
    ];
    for (const [content, text] of cases) {
      writeFileSync(path, content);
      expect(() => targetOf({}, { SLUICE_CONFIG: path })).toThrow(text);
      expect(() => targetOf({}, { SLUICE_CONFIG: path })).not.toThrow(/secret/);
    }
    const named = configWith({ default: { baseUrl: "https://api.clarifai.com/" } });
    expect(() => targetOf({}, named)).toThrow(/profile "default" names the server .* and no key/);
  });

  it("has its config file where XDG says", () => {
    expect(configPath({ XDG_CONFIG_HOME: "/x" })).toBe(join("/x", "sluice", "config.json"));
    expect(configPath({ XDG_CONFIG_HOME: "relative" })).toMatch(/\.config.sluice.config\.json$/);
    expect(configPath({ SLUICE_CONFIG: "./own.json" })).toBe("./own.json");
  });
});

describe("sluice with a profile or .env", () => {
  it("says which app it uses, and what chose it", { timeout: 60_000 }, async () => {
    const { store } = await openStore({ pat: "right" });
    const cwd = temporaryFolder();
    const home = join(cwd, "home");
    mkdirSync(join(home, ".config/sluice"), { recursive: true });
    const config = join(home, ".config/sluice/config.json");
    const profiles = { test: { baseUrl: store.url, pat: "right", user: "me", app: "photos" } };
    writeFileSync(config, JSON.stringify({ profiles }));
    chmodSync(config, 0o644);
    const run = (env: Record<string, string>, ...args: string[]) =>
      startCommand(args, { cwd, env: { HOME: home, ...env }, stdin: "calm\n" }).ended;

    const uploaded = await run({}, "upload", "-", "--format", "texts", "--profile", "test");
    expect(uploaded.stdout).toMatch(/^read 1 = ok 1 [\s\S]*target {3}upload to me\/photos at http/);
    expect(uploaded.stderr).toBe(
      `sluice: other users can read ${config}, which has a key in it; run chmod 600 ${config}\n` +
        `sluice: me/photos at ${store.url} (user: profile "test"; app: profile "test"; server and key: profile "test")\n`,
    );
    chmodSync(config, 0o600);
    const quiet = await run({ SLUICE_PROFILE: "test" }, "list", "--quiet");
    expect(quiet).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^row-\S+\n$/) as string });

    writeFileSync(
      join(cwd, ".env"),
      `CLARIFAI_API_BASE=${store.url}\nCLARIFAI_PAT="right" # a key\nNODE_OPTIONS=--bad\n`,
    );
    const listed = await run({}, "list", "--app", "photos", "--count");
    expect(listed).toMatchObject({ code: 0, stdout: "1 input: text 1\n" });
    expect(listed.stderr).toBe(`sluice: me/photos at ${store.url} (app: --app; server and key: .env)\n`);

    // A .env of a stranger names its server only: it does not get the key of the environment.
    writeFileSync(join(cwd, ".env"), `CLARIFAI_API_BASE=${store.url}\n`);
    const kept = await run({ CLARIFAI_PAT: "right" }, "config", "--json");
    const { target, origins, ignored } = JSON.parse(kept.stdout) as Record<string, unknown>;
    expect([target, origins]).toEqual([{}, ["server and key: the environment"]]);
    expect(ignored).toMatch(/^the server of \.env is not used, because the key comes from the environment/);
    const shown = await run({}, "config", "--profile", "test");
    expect(shown.stdout).toMatch(/^config file {2}.*\nprofile {6}test: .*pat \(set\)\nhere {9}user: profile "test"/);
    expect(shown.stdout).not.toContain("right");

    // A target that cannot be used does not hide the profiles.
    writeFileSync(config, JSON.stringify({ profiles: { ...profiles, work: { patEnv: "WORK_PAT" } } }));
    const broken = await run({}, "config", "--profile", "work");
    expect(broken).toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/profile {6}work: patEnv WORK_PAT\n$/) as string,
    });
    expect(broken.stderr).toBe('error: profile "work": the variable WORK_PAT, which should have the key, is not set\n');
  });

  it("runs the pipeline of the user with it", { timeout: 60_000 }, async () => {
    const { store } = await openStore({ pat: "right" });
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, ".env"), `CLARIFAI_API_BASE=${store.url}\nCLARIFAI_PAT=right\nCLARIFAI_APP_ID=one\n`);
    const printed =
      "console.log([process.env.CLARIFAI_API_BASE, process.env.CLARIFAI_PAT, process.env.CLARIFAI_APP_ID].join());";
    writeFileSync(join(cwd, "pipeline.mjs"), `${printed} process.exit(0);`);
    const ran = await startCommand(["run", "pipeline.mjs", ".", "--app", "two"], { cwd }).ended;
    expect(ran.stdout).toBe(`${store.url},right,two\n`);
  });
});
