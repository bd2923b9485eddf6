/** File names: ids, manifests and folders that try to make a download write outside of its folder. */

import { execFileSync } from "node:child_process";
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fileNameFor } from "../../src/core/files/file-names.js";
import { download, flow, fromIterable, type InputDraft, type Report } from "../../src/index.js";
import { tempFolder } from "../helpers/files.js";
import { startWeb } from "../helpers/web.js";

const temp = tempFolder();
let count = 0;

interface Place {
  /** The root folder of a test, with `out` and a file that must not change. */
  root: string;
  out: string;
  victim: string;
}

function place(): Place {
  count += 1;
  const root = join(temp, String(count));
  const out = join(root, "out");
  mkdirSync(out, { recursive: true });
  const victim = join(root, "victim");
  writeFileSync(victim, "precious");
  return { root, out, victim };
}

/** Downloads inputs with these ids; each has its own text. */
function downloadTexts({ out }: Place, ids: readonly string[]): Promise<Report> {
  return run(
    out,
    ids.map((id) => ({ id, text: `text of ${JSON.stringify(id)}` })),
  );
}

function run(out: string, inputs: readonly InputDraft[]): Promise<Report> {
  return flow(fromIterable(inputs))
    .pipe(download(out, { maxAttempts: 1, allowPrivate: true }))
    .run();
}

/** All files in the root folder of a test, except the manifest. */
function filesIn({ root }: Place): string[] {
  return readdirSync(root, { recursive: true })
    .map(String)
    .filter((name) => !["out", "victim", "out/manifest.jsonl"].includes(name));
}

const safeName = /^[a-z0-9_-]{1,64}(?:\.[0-9a-f]{32})?\.[a-z0-9]{2,5}$/;
const device = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/;

describe("blocked: ids that are not safe file names", () => {
  it.each([
    ["the folder above", ".."],
    ["the folder itself", "."],
    ["a path traversal", "../victim"],
    ["a long path traversal", "../../../../../../etc/passwd"],
    ["a path traversal with backslashes", "..\\..\\victim"],
    ["a path traversal in the middle", "a/../../victim"],
    ["a path traversal with dots twice", "....//victim"],
    ["a path traversal, encoded", "..%2fvictim"],
    ["a path traversal, encoded twice", "..%252fvictim"],
    ["a path traversal in overlong UTF-8", "..%c0%afvictim"],
    ["a path traversal with wide characters", "．．／victim"],
    ["a path traversal with another slash", "..\u2215victim"],
    ["a path traversal with a division slash of Unicode", "..\u2044victim"],
    ["a path traversal with one dot as a character", "\u2025/victim"],
    ["a sub-folder", "a/b"],
    ["a trailing slash", "a/"],
    ["an absolute path", "/etc/passwd"],
    ["two slashes", "//etc/passwd"],
    ["a home folder", "~/.ssh/authorized_keys"],
    ["a variable", "$HOME/x"],
    ["a variable of Windows", "%USERPROFILE%\\x"],
    ["a drive", "C:\\Windows\\win.ini"],
    ["a drive with slashes", "C:/Windows/win.ini"],
    ["a drive alone", "C:"],
    ["a relative path on a drive", "C:x"],
    ["a share", "\\\\server\\share\\x"],
    ["a share with slashes", "//server/share/x"],
    ["a device path", "\\\\.\\PhysicalDrive0"],
    ["a long path of Windows", "\\\\?\\C:\\x"],
    ["an alternate stream", "x.jpg:stream"],
    ["the main stream", "x.jpg::$DATA"],
    ["the index of a folder", "x:$I30:$INDEX_ALLOCATION"],
    ["CON", "CON"],
    ["con", "con"],
    ["con with an extension", "con.jpg"],
    ["con with extensions", "con.tar.gz"],
    ["con with a space", "con "],
    ["con with a space and an extension", "con .txt"],
    ["con after removed characters", "/con/"],
    ["aux", "aux"],
    ["nul", "NUL"],
    ["prn", "PrN"],
    ["com1", "com1"],
    ["COM9 with an extension", "COM9.txt"],
    ["com0", "com0"],
    ["a superscript port", "COM¹"],
    ["lpt1", "lpt1"],
    ["a superscript printer", "LPT²"],
    ["conin$", "CONIN$"],
    ["clock$", "CLOCK$"],
    ["a trailing dot", "x."],
    ["many trailing dots", "x....."],
    ["a trailing space", "x "],
    ["a leading space", " x"],
    ["a leading dot", ".htaccess"],
    ["a leading dash", "-rf"],
    ["nothing but dots", "..."],
    ["nothing but spaces", "   "],
    ["nothing", ""],
    ["a NUL", "x\u0000.jpg"],
    ["a NUL before a path traversal", "\u0000../victim"],
    ["a line break", "x\ny"],
    ["a carriage return", "x\ry"],
    ["a bell", "x\u0007"],
    ["an escape sequence", "\u001b[2Jx"],
    ["a delete", "x\u007f"],
    ["a C1 control", "x\u0085y"],
    ["right-to-left text", "photo\u202Egpj.exe"],
    ["text that is isolated", "\u2066x\u2069"],
    ["a zero-width space", "x\u200by"],
    ["a byte order mark", "\uFEFFx"],
    ["a combining character alone", "\u0301"],
    ["many combining characters", `x${"\u0301".repeat(5000)}`],
    ["no Latin letter", "фото"],
    ["an emoji", "📷"],
    ["wildcards", "*?[x]"],
    ["quotes", "\"x\" 'y'"],
    ["a pipe", "x|rm -rf ."],
    ["a command", "$(rm -rf .)"],
    ["a command in backticks", "`rm -rf .`"],
    ["redirections", "x>y<z"],
    ["255 characters", "x".repeat(255)],
    ["a million characters", "x".repeat(1_000_000)],
    ["a million dashes", "-".repeat(1_000_000)],
    ["a million slashes", "/".repeat(1_000_000)],
    ["the manifest", "manifest"],
    ["the manifest with its extension", "manifest.jsonl"],
    ["the manifest in capitals", "MANIFEST.JSONL"],
    ["a partial file", "x.image.part"],
    ["the prototype", "__proto__"],
    ["the constructor", "constructor"],
  ])("%s", async (_, id) => {
    const test = place();
    const report = await downloadTexts(test, [id]);
    expect(report.counts.ok).toBe(1);
    const [path = "", ...more] = filesIn(test);
    expect(more).toEqual([]);
    const name = path.replace(/^out\//, "");
    expect(name).toMatch(safeName);
    expect(name).not.toMatch(device);
    expect(readFileSync(join(test.out, name), "utf8")).toBe(`text of ${JSON.stringify(id)}`);
    expect(readFileSync(test.victim, "utf8")).toBe("precious");
    // The manifest still has one line that names the file, and the next run finds the file.
    const lines = readFileSync(join(test.out, "manifest.jsonl"), "utf8").trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { path: string }).path)).toEqual([name]);
    if (id.length < 10_000) expect((await downloadTexts(test, [id])).counts.skipped).toBe(1);
  });
});

describe("blocked: ids that are not Unicode", () => {
  it.each([
    ["half of a surrogate pair", "x\ud800"],
    ["a surrogate pair the wrong way", "\udc00\ud800"],
  ])("%s", async (_, id) => {
    const test = place();
    const { counts, failures } = await downloadTexts(test, [id, "fine"]);
    expect(counts).toMatchObject({ ok: 1, failed: 1 });
    expect(failures[0]).toMatchObject({ code: "ERR_INPUT_SHAPE", reason: expect.stringContaining("surrogate") });
    expect(filesIn(test)).toHaveLength(1);
  });
});

describe("blocked: ids that would get the same file name", () => {
  const digest = (id: string) => fileNameFor(id, "txt").split(".")[1];
  it.each([
    ["that differ in case", ["photo", "Photo", "PHOTO"]],
    ["with a letter whose capital form is two letters", ["straße", "STRASSE", "strasse"]],
    ["with a dotted capital I", ["i", "I", "İ", "ı"]],
    ["that are composed and decomposed", ["caf\u00e9", "cafe\u0301"]],
    ["that are composed and compatible", ["ﬁle", "file", "ﬁle".normalize("NFKC").toUpperCase()]],
    ["with a Kelvin sign", ["k", "K", "\u212a"]],
    ["that differ in replaced characters", ["a b", "a/b", "a\\b", "a:b", "a?b", "a-b"]],
    ["that differ in trailing dots and spaces", ["x", "x.", "x ", "x. ", "x.."]],
    ["that differ behind the 48th character", [`${"x".repeat(70)}1`, `${"x".repeat(70)}2`]],
    ["of which one is the name of another's file", ["Photo", `photo-${digest("Photo")}`, `photo.${digest("Photo")}`]],
    ["of which one ends as the other's file", ["a", "a.txt", "a.text.part"]],
  ])("%s", async (_, ids) => {
    const test = place();
    expect((await downloadTexts(test, ids)).counts.ok).toBe(ids.length);
    const names = filesIn(test).map((path) => path.toLowerCase().normalize("NFKC"));
    expect(new Set(names).size).toBe(ids.length);
    const texts = filesIn(test).map((path) => readFileSync(join(test.root, path), "utf8"));
    expect(texts.sort()).toEqual(ids.map((id) => `text of ${JSON.stringify(id)}`).sort());
  });
});

describe("blocked: links and folders that already exist in the download folder", () => {
  const partial = fileNameFor("x", "text.part");
  const whole = fileNameFor("x", "txt");

  it.each<[what: string, plant: (test: Place) => void]>([
    ["a link with the name of a partial file", ({ out, victim }) => symlinkSync(victim, join(out, partial))],
    ["a link to a missing file", ({ out, root }) => symlinkSync(join(root, "new"), join(out, partial))],
    ["a link to a folder", ({ out, root }) => symlinkSync(root, join(out, partial))],
    ["a link to itself", ({ out }) => symlinkSync(join(out, partial), join(out, partial))],
    ["a link to a device", ({ out }) => symlinkSync("/dev/null", join(out, partial))],
    ["a hard link", ({ out, victim }) => linkSync(victim, join(out, partial))],
    ["a pipe", ({ out }) => void execFileSync("mkfifo", [join(out, partial)])],
    ["a folder", ({ out }) => mkdirSync(join(out, partial))],
    ["a folder with the name of the complete file", ({ out }) => mkdirSync(join(out, whole))],
  ])("%s", async (_, plant) => {
    const test = place();
    plant(test);
    const report = await downloadTexts(test, ["x", "y"]);
    expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(report.failures[0]?.id).toBe("x");
    expect(readFileSync(test.victim, "utf8")).toBe("precious");
    expect(filesIn(test).filter((path) => !path.startsWith("out/"))).toEqual([]);
  });

  it("a link with the name of a partial file to fetch", async () => {
    const web = await startWeb({ "/": (response) => response.end("hostile") });
    const test = place();
    symlinkSync(test.victim, join(test.out, fileNameFor("x", "image.part")));
    const report = await run(test.out, [{ id: "x", image: { url: `${web.origin}/` } }]);
    expect(report.failures[0]?.code).toBe("ERR_DOWNLOAD_PATH");
    expect(web.asked).toEqual([]);
    expect(readFileSync(test.victim, "utf8")).toBe("precious");
  });

  it("a link with the name of the complete file is replaced, and its target does not change", async () => {
    const test = place();
    symlinkSync(test.victim, join(test.out, whole));
    expect((await downloadTexts(test, ["x"])).counts.ok).toBe(1);
    expect(lstatSync(join(test.out, whole)).isFile()).toBe(true);
    expect(readFileSync(test.victim, "utf8")).toBe("precious");
  });

  it.each<[what: string, plant: (test: Place, path: string) => void]>([
    ["a link for a manifest", ({ victim }, path) => symlinkSync(victim, path)],
    ["a link to nothing for a manifest", ({ root }, path) => symlinkSync(join(root, "new"), path)],
    ["a hard link for a manifest", ({ victim }, path) => linkSync(victim, path)],
    ["a pipe for a manifest", (_, path) => void execFileSync("mkfifo", [path])],
    ["a folder for a manifest", (_, path) => mkdirSync(path)],
  ])("%s", async (_, plant) => {
    const test = place();
    plant(test, join(test.out, "manifest.jsonl"));
    await expect(downloadTexts(test, ["x"])).rejects.toMatchObject({ code: "ERR_FILE_UNWRITABLE" });
    expect(readFileSync(test.victim, "utf8")).toBe("precious");
    expect(filesIn(test)).toEqual([]);
  });
});

describe("blocked: manifests that Sluice did not write", () => {
  const entry = { id: "x", kind: "text", path: "x.txt", sizeBytes: 8, sha256: "" };
  it.each([
    ["a path traversal", { ...entry, path: "../victim" }],
    ["the folder above", { ...entry, path: "..", sizeBytes: 4096 }],
    ["the folder itself", { ...entry, path: ".", sizeBytes: 4096 }],
    ["an absolute path", { ...entry, path: "/etc/hostname" }],
    ["a path traversal with backslashes", { ...entry, path: "..\\victim" }],
    ["the manifest itself", { ...entry, path: "manifest.jsonl" }],
    ["the file of another", { ...entry, path: "other.txt" }],
    ["a name that only looks right", { ...entry, path: "x.txt/../../victim" }],
    ["a NUL", { ...entry, path: "x\u0000.txt" }],
    ["a path that is no text", { ...entry, path: 7 }],
    ["a path that is a list", { ...entry, path: ["x.txt"] }],
    ["an id that is no text", { ...entry, id: { length: 1 } }],
    ["a size that is a text", { ...entry, sizeBytes: "8" }],
    ["no path", { id: "x", kind: "text", sizeBytes: 8 }],
    ["nothing", null],
    ["a number", 8],
    ["a list", [entry]],
    ["the prototype", JSON.parse('{"__proto__":{"id":"x","kind":"text","path":"x.txt","sizeBytes":8}}') as object],
  ])("%s", async (_, line) => {
    const test = place();
    writeFileSync(join(test.out, "other.txt"), "12345678");
    writeFileSync(join(test.out, "manifest.jsonl"), `${JSON.stringify(line)}\n`);
    expect((await downloadTexts(test, ["x"])).counts).toMatchObject({ ok: 1, skipped: 0 });
    expect(readFileSync(join(test.out, "x.txt"), "utf8")).toBe('text of "x"');
    expect(readFileSync(test.victim, "utf8")).toBe("precious");
  });

  it.each([
    ["a line that is too long", `{"id":"${"x".repeat(300_000)}`],
    ["JSON that is too deep", "[".repeat(50_000)],
    ["bytes", Buffer.from([0xff, 0xfe, 0x00, 0x80])],
    ["a truncated line", '{"id":"x","kind":"te'],
  ])("%s", async (_, text) => {
    const test = place();
    writeFileSync(join(test.out, "manifest.jsonl"), text);
    expect((await downloadTexts(test, ["x"])).counts).toMatchObject({ ok: 1, skipped: 0 });
  });

  it("a link with the name of a complete file in the manifest", async () => {
    const test = place();
    symlinkSync(test.victim, join(test.out, "x.txt"));
    writeFileSync(join(test.out, "manifest.jsonl"), `${JSON.stringify(entry)}\n`);
    expect((await downloadTexts(test, ["x"])).counts).toMatchObject({ ok: 1, skipped: 0 });
    expect(lstatSync(join(test.out, "x.txt")).isFile()).toBe(true);
  });
});

describe("blocked: file names that a server sends", () => {
  it.each([
    ["in Content-Disposition", "/", { "content-disposition": 'attachment; filename="../../victim"' }],
    [
      "in Content-Disposition, encoded",
      "/",
      { "content-disposition": "attachment; filename*=UTF-8''..%2f..%2fvictim" },
    ],
    ["in Content-Type", "/", { "content-type": "image/../../victim" }],
    ["in the path of the URL", "/..%2f..%2fvictim", {}],
    ["in Content-Location", "/", { "content-location": "../../victim" }],
  ])("%s", async (_, path, headers) => {
    const web = await startWeb({ [path]: (response) => response.writeHead(200, headers).end("plain text") });
    const test = place();
    const report = await run(test.out, [
      { id: "x", image: { url: `${web.origin}${path}` }, metadata: { filename: "../../victim" } },
    ]);
    expect(report.counts.ok).toBe(1);
    expect(filesIn(test)).toEqual(["out/x.txt"]);
    expect(readFileSync(test.victim, "utf8")).toBe("precious");
  });
});
