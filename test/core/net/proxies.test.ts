/** Settings of proxies: which server has which proxy. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readNoProxy } from "../../../src/core/net/proxy/no-proxy.js";
import { proxiesOf } from "../../../src/core/net/proxy/proxies.js";

const names = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];
beforeEach(() => {
  for (const name of names) vi.stubEnv(name, "");
  vi.stubEnv("REQUEST_METHOD", undefined);
});
afterEach(() => vi.unstubAllEnvs());

const proxyOf = (url: string, option?: string | false) => proxiesOf("connect", option)?.(new URL(url))?.name;

describe("the environment", () => {
  it("has one proxy for each scheme, and none by default", () => {
    expect(proxiesOf("connect", undefined)).toBeUndefined();
    vi.stubEnv("HTTPS_PROXY", "http://secure:3128");
    expect(proxyOf("https://api.test/")).toBe("http://secure:3128 (HTTPS_PROXY)");
    expect(proxyOf("http://api.test/")).toBeUndefined();
    vi.stubEnv("http_proxy", "plain:8080"); // without a scheme
    expect(proxyOf("http://api.test/")).toBe("http://plain:8080 (http_proxy)");
    vi.stubEnv("https_proxy", "https://lower:3129"); // lower case comes first
    expect(proxyOf("https://api.test/")).toBe("https://lower:3129 (https_proxy)");
  });

  it("is ignored with an option, also NO_PROXY", () => {
    vi.stubEnv("HTTPS_PROXY", "http://env:3128");
    vi.stubEnv("NO_PROXY", "*");
    expect(proxyOf("https://api.test/")).toBeUndefined();
    expect(proxyOf("https://api.test/", "http://mine:1")).toBe("http://mine:1 (proxy)");
    expect(proxyOf("http://api.test/", "http://mine:1")).toBe("http://mine:1 (proxy)");
    expect(proxiesOf("connect", false)).toBeUndefined();
  });

  it("gives no proxy to a program that a web server started, whose requests set HTTP_PROXY", () => {
    vi.stubEnv("HTTP_PROXY", "http://attacker:1");
    expect(proxyOf("http://api.test/")).toBe("http://attacker:1 (HTTP_PROXY)");
    vi.stubEnv("REQUEST_METHOD", "GET");
    expect(proxyOf("http://api.test/")).toBeUndefined();
    vi.stubEnv("http_proxy", "http://mine:1");
    expect(proxyOf("http://api.test/")).toBe("http://mine:1 (http_proxy)");
  });

  it.each(["127.0.0.1", "127.9.9.9", "localhost", "a.localhost", "LOCALHOST.", "[::1]", "[::ffff:127.0.0.1]"])(
    "never has a proxy for this machine: %s",
    (host) => {
      for (const name of ["HTTP_PROXY", "HTTPS_PROXY"]) vi.stubEnv(name, "http://env:3128");
      expect(proxyOf(`http://${host}:8080/`)).toBeUndefined();
      expect(proxyOf(`https://${host}/`)).toBeUndefined();
      expect(proxyOf(`https://${host}/`, "http://mine:1")).toBeUndefined();
    },
  );
});

describe("NO_PROXY", () => {
  const all = (list: string) => (url: string) => {
    const { hostname, port, protocol } = new URL(url);
    return readNoProxy(list)(hostname, Number(port) || (protocol === "https:" ? 443 : 80));
  };

  it.each<[list: string, exempt: string[], others: string[]]>([
    ["*", ["https://a.test", "http://10.0.0.1"], []],
    [
      "corp.example",
      ["https://corp.example", "https://a.corp.example.", "https://CORP.example:8443"],
      ["https://xcorp.example", "https://example"],
    ],
    [".corp.example", ["https://corp.example", "https://a.b.corp.example"], ["https://xcorp.example"]],
    ["*.corp.example", ["https://a.corp.example", "https://corp.example"], ["https://xcorp.example"]],
    ["corp.example:8443", ["https://corp.example:8443"], ["https://corp.example"]],
    ["corp.example:443", ["https://corp.example"], ["https://corp.example:8443", "http://corp.example"]],
    [
      "10.0.0.0/8",
      ["http://10.1.2.3", "http://[::ffff:10.1.2.3]"],
      ["http://11.0.0.1", "http://10.corp.example", "http://[fd00::1]"],
    ],
    ["10.1.2.3, 10.1.2.4:8080", ["http://10.1.2.3", "http://10.1.2.4:8080"], ["http://10.1.2.4", "http://10.1.2.30"]],
    ["fd00::/8", ["http://[fd12::1]"], ["http://[fe80::1]"]],
    ["[fd12::1]:8080", ["http://[fd12:0::1]:8080"], ["http://[fd12::1]"]],
    ["fd12::1", ["http://[fd12::1]:8080"], []],
    ["a.test b.test,,c.test", ["https://a.test", "https://b.test", "https://c.test"], ["https://d.test"]],
    ["10.0.0.0/99", [], ["http://10.0.0.1"]],
    [".", [], ["https://a.test"]],
    ["", [], ["https://a.test"]],
  ])("%j", (list, exempt, others) => {
    expect(exempt.filter((url) => !all(list)(url))).toEqual([]);
    expect(others.filter(all(list))).toEqual([]);
  });
});

describe("an invalid proxy is refused, and its password is not shown", () => {
  it.each<[string, RegExp]>([
    ["socks5://me:s3cret@proxy:1080", /socks5:\/\/proxy:1080 is not an HTTP proxy/],
    ["http://me:s3cret@proxy:port", /is not a URL/],
    ["http://me:s3cret@proxy:3128/path", /http:\/\/proxy:3128 has a path/],
    ["http://me:s3cret@proxy:3128?x", /has a path, a query or a fragment/],
    ["http://me:s3cret%@proxy:3128", /http:\/\/proxy:3128 has a user name or a password with a %/],
    ["http://", /is not a URL/],
  ])("%s", (text, reason) => {
    const messages: string[] = [];
    const attempt = (option?: string) => {
      try {
        proxiesOf("urls", option);
      } catch (error) {
        messages.push(`${(error as { code: string }).code} ${(error as Error).message}`);
      }
    };
    attempt(text);
    vi.stubEnv("HTTPS_PROXY", text);
    attempt();
    expect(messages[0]).toMatch(/^ERR_OPTIONS urls: proxy: /);
    expect(messages[1]).toMatch(/^ERR_OPTIONS urls: HTTPS_PROXY: /);
    for (const message of messages) {
      expect(message).toMatch(reason);
      expect(message).not.toContain("s3cret");
    }
  });
});
