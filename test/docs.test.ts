/** Checks the types of all code in pages and docstrings against the built library, and that every public name has a docstring. */

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { beforeAll, expect, it } from "vitest";
import * as emulator from "../src/emulator/index.js";
import * as sluice from "../src/index.js";
import * as jetstream from "../src/jetstream/index.js";

const root = join(import.meta.dirname, "..");

function pages(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pages(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** The names that a block may use without declaring them: those of the library, a connection, and a few common ones. */
function withPrelude(code: string): string {
  const used = (names: object, from: string) => {
    const found = Object.keys(names).filter(
      (name) => new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`import[^;]*\\b${name}\\b[^;]*from`).test(code),
    );
    const own = found.filter((name) => !new RegExp(`(const|function|class) ${name}\\b`).test(code));
    return own.length > 0 ? `import { ${own.join(", ")} } from "${from}";` : "";
  };
  const types = ["Pipeline", "OptionsOf", "Input", "Message", "Source", "Opener"].filter(
    (name) =>
      new RegExp(`\\b${name}\\b`).test(code) &&
      !new RegExp(`import[^;]*\\b${name}\\b|(type|interface) ${name}\\b`).test(code),
  );
  const app = /\bapp\b/.test(code) && !/const app\b/.test(code) ? `declare const app: import("sluice").App;` : "";
  const report =
    /\breport\b/.test(code) && !/const report\b/.test(code) ? `declare const report: import("sluice").Report;` : "";
  const z = /\bz\./.test(code) && !/from "zod"/.test(code) ? 'import * as z from "zod";' : "";
  // On one line, so that line numbers stay those of the block.
  const parts = [
    used(sluice, "sluice"),
    used({ startEmulator: emulator.startEmulator }, "sluice/emulator"),
    used(jetstream, "sluice/jetstream"),
    used({ testSource: 0, testTransform: 0, testSink: 0, testOpener: 0 }, "sluice/testing"),
    types.length > 0 ? `import type { ${types.join(", ")} } from "sluice";` : "",
    app,
    report,
    z,
  ];
  return `${parts.join(" ")} export {};\n${code}`;
}

/** The blocks of code in all pages, as source files by name. */
function blocksOfPages(): Map<string, string> {
  const files = new Map<string, string>();
  for (const page of [
    ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "site/home.md"].map((name) => join(root, name)),
    ...pages(join(root, "docs")),
  ]) {
    const blocks = readFileSync(page, "utf8").matchAll(/^```(?:ts|js)\n([\s\S]*?)^```/gm);
    const nameOf = (index: number) => `${relative(root, page).replace(/\W+/g, "-")}-${index + 1}`;
    for (const [index, [, code = ""]] of [...blocks].entries()) {
      const linked = code.replace(/(from "\.\/)[^"]+\.js"/g, `$1${nameOf(index - 1)}.js"`); // a file of the page is the block before
      files.set(join(root, "test", `${nameOf(index)}.ts`), withPrelude(linked));
    }
  }
  return files;
}

/** The examples in the docstrings of the built library. Its declarations have those of exported names, which the reference shows. */
function examplesOfDocstrings(): Map<string, string> {
  const files = new Map<string, string>();
  const declarations = readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" });
  for (const path of declarations.filter((name) => name.endsWith(".d.ts"))) {
    const comments = readFileSync(join(root, "dist", path), "utf8").matchAll(/^ *\/\*\*([\s\S]*?)\*\//gm);
    const tags = [...comments].flatMap(([, comment = ""]) => comment.replace(/^ *\* ?/gm, "").split(/^ *(?=@\w)/m));
    const examples = tags.filter((tag) => tag.startsWith("@example"));
    for (const [index, example] of examples.entries()) {
      const name = `example-${path.replace(/\W+/g, "-")}-${index + 1}.ts`;
      files.set(join(root, "test", name), withPrelude(example.slice("@example".length).trim()));
    }
  }
  return files;
}

const entries = ["index", "emulator/index", "jetstream/index", "testing/index"].map((name) =>
  join(root, `dist/${name}.d.ts`),
);

/** All blocks and the built library in one program, because reading the types of the library takes most of the time. */
function programOf(files: ReadonlyMap<string, string>): ts.Program {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  delete options.paths; // to the package as it is built, whose types are read faster than all sources
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = files.get(path);
    if (text !== undefined) return ts.createSourceFile(path, text, languageVersion);
    return getSourceFile(path, languageVersion, ...rest);
  };
  return ts.createProgram([...files.keys(), ...entries], options, host);
}

const files = blocksOfPages();
const examples = examplesOfDocstrings();
let program: ts.Program;
beforeAll(() => {
  program = programOf(new Map([...files, ...examples]));
}, 120_000);

function problemsOf(paths: Iterable<string>): string[] {
  return [...paths].flatMap((path) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((diagnostic) => {
      const line = file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0;
      return `${relative(root, path)}:${line} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, " ")}`;
    });
  });
}

it("has code in its pages that compiles", { timeout: 120_000 }, () => {
  expect(files.size).toBeGreaterThan(80);
  expect(problemsOf(files.keys())).toEqual([]);
});

it("has examples in its docstrings that compile", { timeout: 120_000 }, () => {
  expect(examples.size).toBeGreaterThan(100);
  expect(problemsOf(examples.keys())).toEqual([]);
});

it("has a README of at most 150 lines", () => {
  expect(readFileSync(join(root, "README.md"), "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(150);
});

it("has a docstring for every public name, and for each option", { timeout: 120_000 }, () => {
  const checker = program.getTypeChecker();
  const names = entries.flatMap((path) => {
    const file = program.getSourceFile(path);
    const module = file && checker.getSymbolAtLocation(file);
    return checker.getExportsOfModule(module as ts.Symbol).flatMap((name) => {
      const symbol = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
      const options = /Options$/.test(name.name) ? checker.getDeclaredTypeOfSymbol(symbol).getProperties() : [];
      return [symbol, ...options].map((one) => ({
        name: one === symbol ? name.name : `${name.name}.${one.name}`,
        text: ts.displayPartsToString(one.getDocumentationComment(checker)),
      }));
    });
  });
  expect(names.map(({ name }) => name)).toEqual(expect.arrayContaining(["flow", "FolderOptions.kinds"]));
  expect(names.length).toBeGreaterThan(80);
  expect(names.filter(({ text }) => text === "").map(({ name }) => name)).toEqual([]);
});
