import { writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { take } from "rxjs";
import { describe, expect, it, vi } from "vitest";
import { flow, SourceError, type SourceItem, type UrlsOptions, urls } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { exampleBytes, fileWith, jpeg, openIn, tempFolder } from "../helpers/files.js";
import { turns } from "../helpers/flows.js";
import { draftsOf, itemsOf, pull } from "../helpers/sources.js";
import { startWeb } from "../helpers/web.js";

/** The addresses to which the names of the tests resolve. */
const names = vi.hoisted(
  (): Record<string, string[]> => ({
    "metadata.google.internal": ["169.254.169.254"],
    "instance-data.test": ["169.254.169.254"],
    "ten.test": ["10.1.2.3"],
    "mixed.test": ["93.184.216.34", "10.0.0.1"],
    "mapped.test": ["::ffff:127.0.0.1"],
    "six.test": ["::1"],
    "nat64.test": ["64:ff9b::a00:1"],
    "linklocal.test": ["fe80::1"],
    "zero.test": ["0.0.0.0"],
  }),
);
/** The server that stands for a public one. */
const outside = vi.hoisted(() => ({ origin: "" }));

vi.mock("node:dns", async (original) => {
  const real = await original<typeof import("node:dns")>();
  const lookup = (name: string, options: object, done: (error: Error | null, addresses: object[]) => void) => {
    const addresses = names[name];
    if (!addresses) return real.lookup(name, { ...options, all: true }, done);
    const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    setImmediate(() => done(null, found));
  };
  return { ...real, lookup };
});

vi.mock("../../src/core/net/guarded-fetch.js", async (original) => {
  const real = await original<typeof import("../../src/core/net/guarded-fetch.js")>();
  const guardedAgent = (allowPrivate: boolean) => ({
    request: (options: { origin: string; path: string; method: "GET" }) =>
      options.origin === "http://outside.test"
        ? real.guardedAgent(true).request({ ...options, origin: outside.origin })
        : real.guardedAgent(allowPrivate).request(options),
  });
  return { ...real, guardedAgent };
});

const temp = tempFolder();
const photo = await jpeg(40, 30);
let failures = 0;
const waiting: ServerResponse[] = [];
const web = await startWeb({
  "/photo": (response) => response.end(photo),
  "/a.jpg": (response) => response.end(photo),
  "/text": (response) => response.end("\uFEFFcalm sea ü"),
  "/latin.txt": (response) => response.end(Buffer.concat([Buffer.alloc(600_000, "a"), Buffer.from([0xe9, 0x20])])),
  "/sound": (response) => response.end(exampleBytes("media/foghorn.wav")),
  "/film": (response) => response.end(exampleBytes("media/ferry.mp4")),
  "/noise": (response) => response.end(Buffer.from([0, 1, 2, 3, 0, 255, 254, 7, 0, 0, 1, 9])),
  "/empty": (response) => response.end(),
  "/page": (response) => response.end("<html>sign in first</html>"),
  "/gzip": (response) => response.writeHead(200, { "content-encoding": "gzip" }).end("x"),
  "/503": (response) => response.writeHead(503).end("later"),
  "/flaky": (response) => {
    failures += 1;
    if (failures <= 2) response.writeHead(failures === 1 ? 503 : 429).end();
    else response.end(photo);
  },
  "/cut": (response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write("half", () => response.destroy());
  },
  "/endless": (response) => {
    const block = Buffer.alloc(256 * 1024, "a");
    const more = () => {
      while (response.write(block));
    };
    response.on("drain", more);
    more();
  },
  "/together": (response) => {
    waiting.push(response);
    if (waiting.length === 3) for (const each of waiting.splice(0)) each.end(photo);
  },
  "/silent": () => undefined,
  "/stalls": (response) => void response.write("first"),
  "/trickle": (response) => {
    const timer = setInterval(() => response.write("."), 10);
    response.on("close", () => clearInterval(timer));
  },
  "/moved": (response) => response.writeHead(302, { location: "/photo" }).end("this way"),
  "/moved-twice": (response) => response.writeHead(301, { location: "moved" }).end(),
  "/loop": (response) => response.writeHead(307, { location: "/loop" }).end(),
  "/to-private": (response, request) => {
    const location = new URL(request.url ?? "", "http://x").searchParams.get("to") ?? "";
    response.writeHead(302, { location }).end();
  },
  "/to-nowhere": (response) => response.writeHead(302, { location: "http://[" }).end(),
  "/no-location": (response) => response.writeHead(302).end(),
});
outside.origin = web.origin;

const fetching = { fetch: true, allowPrivate: true, maxAttempts: 1 } as const;
const codeOf = (item: SourceItem | undefined) =>
  item && "error" in item ? (item.error as { code?: string }).code : "read";
const textOf = (item: SourceItem | undefined) => (item && "error" in item ? item.error.message : "");
const fetchOne = async (path: string, options: UrlsOptions = {}) =>
  (await itemsOf(urls([path.startsWith("/") ? web.origin + path : path], { ...fetching, ...options })))[0];

testSource("urls", async () => {
  const list = ["a", "b", "c"].map((name) => `https://a.test/${name}.jpg`);
  return { source: urls(list), ids: (await draftsOf(urls(list))).map((draft) => draft.id ?? "") };
});
testSource("urls that are fetched", async () => {
  const list = ["?1", "?2", "?3"].map((query) => `${web.origin}/photo${query}`);
  return {
    source: urls(list, fetching),
    ids: (await draftsOf(urls(list, { kind: "image" }))).map((draft) => draft.id ?? ""),
  };
});

describe("URLs by reference", () => {
  it("have the kind of their extension, even before a query", async () => {
    const list = ["a.JPG", "b.mp4?x=1.txt", "c.wav#d.jpg", "d.txt", "e.tar.webp"].map(
      (name) => `https://a.test/${name}`,
    );
    expect(await draftsOf(urls(list))).toMatchObject([
      { image: { url: list[0] }, metadata: { filename: "a.JPG", url: list[0] } },
      { video: { url: list[1] } },
      { audio: { url: list[2] } },
      { textUrl: list[3] },
      { image: { url: list[4] } },
    ]);
  });

  it("have the kind of the option, also without an extension", async () => {
    const draft = { audio: { url: "https://a.test/x.jpg" } };
    expect(await draftsOf(urls(["https://a.test/x.jpg"], { kind: "audio" }))).toMatchObject([draft]);
    expect(await draftsOf(urls(["https://a.test/"], { kind: "text" }))).toMatchObject([{ textUrl: "https://a.test/" }]);
  });

  it("fail alone when their kind is unknown, or they are invalid", async () => {
    const list = [
      "https://a.test/x",
      "https://a.test/x.exe",
      "nonsense",
      "",
      "ftp://a.test/x.jpg",
      "https://a.test/x.jpg, https://a.test/y.jpg",
      "https://a.test/x.jpg",
    ];
    const { counts, failures: failed } = await flow(urls(list)).run();
    expect(counts).toMatchObject({ read: 7, ok: 1, failed: 6 });
    expect(failed.map((failure) => failure.code)).toEqual([
      "ERR_KIND_UNKNOWN",
      "ERR_KIND_UNKNOWN",
      "ERR_URL",
      "ERR_URL",
      "ERR_URL_SCHEME",
      "ERR_URL",
    ]);
    expect(failed[5]?.reason).toBe("the line has more than one URL; put each on a line of its own");
  });

  it("have a file name also if their path is empty", async () => {
    for (const options of [{}, fetching]) {
      const [item] = await itemsOf(urls(["  "], options));
      expect(item?.origin).toBe("(an empty address)");
    }
  });

  it("have an id of their own, the same in every run", async () => {
    const list = ["https://a.test/x.jpg", "https://b.test/x.jpg", "https://a.test/x.jpg?v=2", "https://a.test/y/x.jpg"];
    const ids = (await draftsOf(urls(list))).map((draft) => draft.id);
    expect(new Set(ids).size).toBe(4);
    expect((await draftsOf(urls(list.map((url) => ` ${url} `)))).map((draft) => draft.id)).toEqual(ids);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{1,48}$/);
  });

  it("come from any iterable, which is read one by one", async () => {
    let asked = 0;
    async function* list() {
      for (;;) {
        asked += 1;
        yield `https://a.test/${asked}.jpg`;
      }
    }
    const { counts } = await flow(urls(list())).pipe(take(3)).run();
    expect(counts.ok).toBe(3);
    const items = pull(urls(list()));
    const before = asked;
    await items.next();
    await turns(3);
    expect(asked).toBe(before + 1);
    await items.return?.();
  });

  it("cause no request", async () => {
    const before = web.asked.length;
    await itemsOf(urls([`${web.origin}/a.jpg`]));
    expect(web.asked).toHaveLength(before);
  });
});

describe("a file of URLs", () => {
  it("may have comments, empty lines, spaces, a byte order mark and CRLF", async () => {
    const path = fileWith(
      temp,
      "list.txt",
      "\uFEFF# my photos\r\nhttps://a.test/1.jpg\r\n\r\n   \r\n  https://a.test/2.jpg  \r\n  # https://a.test/3.jpg\r\nhttps://a.test/4.jpg#part",
    );
    expect((await itemsOf(urls(path))).map((item) => item.origin)).toEqual([
      "https://a.test/1.jpg",
      "https://a.test/2.jpg",
      "https://a.test/4.jpg#part",
    ]);
  });

  it("continues after a line that is not a URL, or is endless", async () => {
    const path = fileWith(temp, "list.txt", `no url\n${"x".repeat(1_500_000)}\nhttps://a.test/1.jpg\n`);
    expect((await itemsOf(urls(path))).map(codeOf)).toEqual(["ERR_URL", "ERR_URL", "read"]);
  });

  it("rejects the run when it is in UTF-16, once and not for each line", async () => {
    const path = join(temp, "utf16.txt");
    writeFileSync(path, Buffer.from("\ufeffhttps://a.test/x.jpg\n", "utf16le"));
    await expect(flow(urls(path)).run()).rejects.toMatchObject({
      code: "ERR_FILE_UNREADABLE",
      message: expect.stringContaining("not UTF-8") as string,
    });
  });

  it("rejects the run when it is missing", async () => {
    for (const options of [{}, fetching]) {
      const run = flow(urls(join(temp, "missing.txt"), options)).run();
      await expect(run).rejects.toThrow(SourceError);
      await expect(run).rejects.toMatchObject({ code: "ERR_FILE_UNREADABLE" });
    }
  });

  it("is closed when the flow stops early", async () => {
    const path = fileWith(temp, "list.txt", "https://a.test/1.jpg\n".repeat(50_000));
    const items = pull(urls(path));
    await items.next();
    expect(openIn(dirname(path))).toHaveLength(1);
    await items.return?.();
    await vi.waitFor(() => expect(openIn(dirname(path))).toEqual([]), { timeout: 20_000 });
  });
});

describe("fetched URLs", () => {
  it("have the kind of their content, and its bytes", async () => {
    const list = ["/photo", "/text", "/sound", "/film"].map((path) => web.origin + path);
    const [image, text, audio, video] = await draftsOf(urls(list, fetching));
    expect(image).toMatchObject({ image: { mimeType: "image/jpeg", width: 40, height: 30 } });
    expect(image).toMatchObject({ image: { bytes: new Uint8Array(photo) } });
    expect(image?.metadata).toEqual({ url: list[0], filename: "photo" });
    expect(text?.text).toBe("\uFEFFcalm sea ü");
    expect(audio).toMatchObject({ audio: { mimeType: "audio/wav" } });
    expect(video).toMatchObject({ video: { mimeType: "video/mp4" } });
  });

  it("have the same id as by reference", async () => {
    const list = [`${web.origin}/a.jpg`, `${web.origin}/moved`];
    const fetched = (await draftsOf(urls(list, fetching))).map((draft) => draft.id);
    expect(fetched).toEqual((await draftsOf(urls(list, { kind: "image" }))).map((draft) => draft.id));
  });

  it.each([
    ["/404", "ERR_HTTP_404", "404"],
    ["/503", "ERR_HTTP_503", "503"],
    ["/empty", "ERR_FILE_EMPTY", ""],
    ["/noise", "ERR_KIND_MISMATCH", "octet-stream"],
    ["/latin.txt", "ERR_TEXT_ENCODING", "UTF-8"],
    ["/gzip", "ERR_CONTENT_ENCODING", "gzip"],
    ["/cut", "ERR_FETCH", "/cut"],
    ["/no-location", "ERR_HTTP_302", "302"],
    ["/loop", "ERR_REDIRECTS", "more than 5"],
    ["/to-nowhere", "ERR_URL", "http://["],
  ])("fail alone: %s", async (path, code, text) => {
    const { counts, failures: failed } = await flow(urls([web.origin + path, `${web.origin}/photo`], fetching)).run();
    expect(counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
    expect(failed[0]).toMatchObject({ origin: web.origin + path, code, stage: "urls" });
    expect(failed[0]?.reason).toContain(text);
  });

  it("fail alone when the content has another kind than requested", async () => {
    const item = await fetchOne("/page", { kind: "image" });
    expect(codeOf(item)).toBe("ERR_KIND_MISMATCH");
    expect(textOf(item)).toContain("a page or XML (text/plain), not image");
  });

  it("fail alone when the connection is refused", async () => {
    const item = await fetchOne("http://127.0.0.1:1/a.jpg");
    expect(codeOf(item)).toBe("ERR_FETCH");
    expect(textOf(item)).toContain("ECONNREFUSED");
  });

  it("are read up to the limit of their kind, also from a server that never ends", async () => {
    const item = await fetchOne("/endless", { kind: "text" });
    expect(codeOf(item)).toBe("ERR_ITEM_TOO_LARGE");
    expect(textOf(item)).toContain("20000000");
    await vi.waitFor(() => expect(web.open.now).toBe(0), { timeout: 20_000 });
  });

  it("fail if the server does not answer, or stalls in the middle", async () => {
    for (const path of ["/silent", "/stalls"]) {
      const item = await fetchOne(path, { timeoutMs: 100 });
      expect(codeOf(item)).toBe("ERR_FETCH");
      expect(textOf(item)).toMatch(/timeout/i);
    }
    await vi.waitFor(() => expect(web.open.now).toBe(0), { timeout: 20_000 });
  });

  it("fail at their deadline if a server sends a byte now and then", async () => {
    const before = web.asked.length;
    const item = await fetchOne("/trickle", { timeoutMs: 20_000, deadlineMs: 600, maxAttempts: 3 });
    expect(codeOf(item)).toBe("ERR_FETCH_DEADLINE");
    expect(textOf(item)).toContain("600 ms");
    expect(web.asked).toHaveLength(before + 1);
    await vi.waitFor(() => expect(web.open.now).toBe(0), { timeout: 20_000 });
  });

  it("are retried only if the server is at fault", async () => {
    expect(codeOf(await fetchOne("/flaky", { maxAttempts: 3 }))).toBe("read");
    expect(failures).toBe(3);
    const before = web.asked.length;
    expect(codeOf(await fetchOne("/404", { maxAttempts: 3 }))).toBe("ERR_HTTP_404");
    expect(web.asked).toHaveLength(before + 1);
  });

  it("follow redirects, relative ones too", async () => {
    expect(codeOf(await fetchOne("/moved"))).toBe("read");
    expect(codeOf(await fetchOne("/moved-twice"))).toBe("read");
  });

  it("keep their order, and at most `concurrency` are open at once", async () => {
    web.open.most = 0;
    const list = Array.from({ length: 30 }, (_, n) => `${web.origin}/together?${n}`);
    const items = await itemsOf(urls(list, { ...fetching, concurrency: 3 }));
    expect(items.map((item) => item.origin)).toEqual(list);
    expect(web.open.most).toBe(3);
  });

  it("run ahead of the flow by no more than their concurrency", async () => {
    const before = web.asked.length;
    const list = Array.from({ length: 30 }, (_, n) => `${web.origin}/photo?${n}`);
    const items = pull(urls(list, { ...fetching, concurrency: 3 }));
    await items.next();
    await items.next();
    await vi.waitFor(() => expect(web.asked.length - before).toBe(4), { timeout: 20_000 });
    await turns(20);
    expect(web.asked.length - before).toBe(4);
    await items.return?.();
  });

  it("are aborted on an early stop, with and without a flow", async () => {
    const list = [`${web.origin}/photo`, ...Array.from({ length: 5 }, (_, n) => `${web.origin}/silent?${n}`)];
    const items = pull(urls(list, { ...fetching, concurrency: 3 }));
    await items.next();
    await vi.waitFor(() => expect(web.open.now).toBe(2), { timeout: 20_000 });
    await items.return?.();
    await vi.waitFor(() => expect(web.open.now).toBe(0), { timeout: 20_000 });
    const report = await flow(urls(list, { ...fetching, concurrency: 3 }))
      .pipe(take(1))
      .run();
    expect(report.counts.ok).toBe(1);
    await vi.waitFor(() => expect(web.open.now).toBe(0), { timeout: 20_000 });
  });

  it("are aborted when the flow is aborted", async () => {
    const abort = new AbortController();
    const running = flow(urls([`${web.origin}/silent`], { ...fetching, maxAttempts: 3 })).run({ signal: abort.signal });
    await vi.waitFor(() => expect(web.open.now).toBe(1), { timeout: 20_000 });
    const before = web.asked.length;
    abort.abort();
    expect((await running).stopped).toBe(true);
    await vi.waitFor(() => expect(web.open.now).toBe(0), { timeout: 20_000 });
    expect(web.asked).toHaveLength(before);
  });
});

describe("addresses that are not public", () => {
  const port = web.port;
  const privateHosts = [
    `127.0.0.1:${port}`,
    `127.0.0.1.:${port}`,
    `127.1:${port}`,
    `127.0.1:${port}`,
    `127.255.255.254:${port}`,
    `2130706433:${port}`,
    `017700000001:${port}`,
    `0x7f000001:${port}`,
    `0177.0.0.1:${port}`,
    `0x7f.0.0.1:${port}`,
    `0x7f.0x0.0x0.0x1:${port}`,
    `127.0x0.0.01:${port}`,
    `%31%32%37.0.0.1:${port}`,
    `１２７.０.０.１:${port}`,
    `①②⑦.0.0.1:${port}`,
    `127。0。0。1:${port}`,
    `0:${port}`,
    `0.0.0.0:${port}`,
    `0.1.2.3:${port}`,
    `localhost:${port}`,
    `LOCALHOST:${port}`,
    `ⓛocalhost:${port}`,
    `[::1]:${port}`,
    `[0:0:0:0:0:0:0:1]:${port}`,
    `[::]:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
    `[::ffff:7f00:1]:${port}`,
    `[0:0:0:0:0:ffff:10.0.0.1]`,
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::10.0.0.1]",
    "[2002:7f00:1::1]",
    "[2002:a9fe:a9fe::]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[fe80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[100::1]",
    "[2001:db8::1]",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "3232235521",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.254.170.2",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "metadata.google.internal",
    "METADATA.google.internal",
    "instance-data.test",
    "ten.test",
    "mixed.test",
    "mapped.test",
    "six.test",
    "nat64.test",
    "linklocal.test",
    "zero.test",
  ];
  const refused: [string, string][] = [
    ...privateHosts.map((host): [string, string] => [`http://${host}/photo`, "ERR_ADDRESS_PRIVATE"]),
    [`http:127.0.0.1:${port}/photo`, "ERR_ADDRESS_PRIVATE"],
    [`http:\\\\127.0.0.1:${port}\\photo`, "ERR_ADDRESS_PRIVATE"],
    [`http:/127.0.0.1:${port}/photo`, "ERR_ADDRESS_PRIVATE"],
    [`h\tttp://127.0.0.1:${port}/photo`, "ERR_ADDRESS_PRIVATE"],
    ["https://[::1]/photo", "ERR_ADDRESS_PRIVATE"],
    ["http://[fe80::1%25eth0]/photo", "ERR_URL"],
    ["http://127.0.0.1.256/photo", "ERR_URL"],
    ["http://0x100000000/photo", "ERR_URL"],
    ["//127.0.0.1/photo", "ERR_URL"],
    ["127.0.0.1/photo", "ERR_URL"],
    ["http://", "ERR_URL"],
    ["http://user:secret@127.0.0.1/photo", "ERR_URL_CREDENTIALS"],
    ["http://secret@127.0.0.1/photo", "ERR_URL_CREDENTIALS"],
    ["http://:secret@127.0.0.1/photo", "ERR_URL_CREDENTIALS"],
    ["http://a.test:80%40secret@127.0.0.1/photo", "ERR_URL_CREDENTIALS"],
    ["file:///etc/hostname", "ERR_URL_SCHEME"],
    ["ftp://127.0.0.1/photo", "ERR_URL_SCHEME"],
    ["gopher://127.0.0.1:70/_x", "ERR_URL_SCHEME"],
    ["data:text/plain,calm", "ERR_URL_SCHEME"],
    ["ws://127.0.0.1/photo", "ERR_URL_SCHEME"],
    ["blob:http://127.0.0.1/x", "ERR_URL_SCHEME"],
    ["javascript:alert(1)", "ERR_URL_SCHEME"],
    [`localhost:${port}/photo`, "ERR_URL_SCHEME"],
    ["unix:/var/run/docker.sock", "ERR_URL_SCHEME"],
  ];
  const options = { fetch: true, maxAttempts: 3 } as const;

  it("are refused in all their forms, at once and with a clear code", async () => {
    const before = web.asked.length;
    // One list for each URL, because many of them are the same URL in different spellings.
    const items = await Promise.all(refused.map(async ([url]) => (await itemsOf(urls([url], options)))[0]));
    expect(items.map((item, index) => [refused[index]?.[0], codeOf(item)])).toEqual(refused);
    expect(refused.length).toBeGreaterThanOrEqual(60);
    expect(web.asked).toHaveLength(before);
  });

  it("are refused as the target of a redirect", async () => {
    const before = web.asked.length;
    const list = refused.filter(([url, code]) => code !== "ERR_URL" && /^(?!https?:(?!\/\/))[\x21-\x7e]*$/.test(url));
    const throughRedirect = ([url]: [string, string]) => `http://outside.test/to-private?to=${encodeURIComponent(url)}`;
    const items = await itemsOf(urls(list.map(throughRedirect), options));
    expect(items.map((item, index) => [list[index]?.[0], codeOf(item)])).toEqual(list);
    expect(list.length).toBeGreaterThan(60);
    expect(web.asked.slice(before).filter((path) => !path.startsWith("/to-private"))).toEqual([]);
  });

  it("do not affect the public ones", async () => {
    expect(codeOf(await fetchOne("http://outside.test/moved", { allowPrivate: false }))).toBe("read");
  });

  it("are fetched as the target of a redirect when that is allowed", async () => {
    const to = encodeURIComponent(`http://localhost:${port}/photo`);
    expect(codeOf(await fetchOne(`/to-private?to=${to}`))).toBe("read");
    expect(codeOf(await fetchOne(`/to-private?to=${encodeURIComponent("file:///etc/hostname")}`))).toBe(
      "ERR_URL_SCHEME",
    );
  });

  it("leave no password in origins and reports", async () => {
    const list = ["http://me:secret@a.test/x.jpg", "ftp://me:secret@a.test/x.jpg", "http://secret@a.test/x.jpg"];
    for (const more of [{}, options]) {
      expect((await itemsOf(urls(list, more))).map((item) => item.origin)).toEqual([
        "http://a.test/x.jpg",
        "ftp://a.test/x.jpg",
        "http://a.test/x.jpg",
      ]);
    }
  });
});
