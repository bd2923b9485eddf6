import { expect, it } from "vitest";
import { loadOptional } from "../../src/formats/optional-package.js";

/** Imports like a program without a bundler, so that Node.js makes the error. */
const importOf = (name: string) => () => import(/* @vite-ignore */ name) as Promise<unknown>;
const failing = (code: string, message: string) => () => Promise.reject(Object.assign(new Error(message), { code }));

it("returns the package", async () => {
  expect(await loadOptional("documents", "zod@4", importOf("zod"))).toHaveProperty("strictObject");
});

it.each(["not-there-at-all", "@not-there/at-all"])("names the command that installs %s", async (name) => {
  const text = `Cannot find package '${name}' imported from /app/index.js`;
  await expect(loadOptional("documents", `${name}@3`, failing("ERR_MODULE_NOT_FOUND", text))).rejects.toMatchObject({
    code: "ERR_PACKAGE_MISSING",
    message: `documents needs the package ${name}, which is not installed; run: npm install ${name}@3`,
  });
});

it("says why an installed package cannot be loaded", async () => {
  const broken = failing("ERR_DLOPEN_FAILED", "wrong ELF class");
  await expect(loadOptional("documents", "native@1", broken)).rejects.toMatchObject({
    code: "ERR_PACKAGE_MISSING",
    message: "documents needs the package native, which cannot be loaded: wrong ELF class; run: npm install native@1",
  });
});

it("reports a missing dependency of an installed package", async () => {
  const text = "Cannot find package 'other' imported from /app/node_modules/native/index.js";
  await expect(loadOptional("documents", "native@1", failing("ERR_MODULE_NOT_FOUND", text))).rejects.toThrow(
    "which cannot be loaded: Cannot find package 'other'",
  );
});
