import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BodyScanner } from "../../src/emulator/server/body-scanner.js";
import { openHttp } from "../helpers/http.js";
import { propertyRuns } from "../helpers/long.js";

interface Scanned {
  json: unknown;
  media: { bytes: Buffer; valid: boolean }[];
}

/** Scans a text in chunks of these sizes, which repeat. */
function scan(text: string, sizes: readonly number[] = [65_536]): Scanned {
  const media: Scanned["media"] = [];
  const scanner = new BodyScanner(() => {
    const pieces: Buffer[] = [];
    return {
      write: (bytes) => void pieces.push(bytes),
      end: (valid) => `media:${media.push({ bytes: Buffer.concat(pieces), valid }) - 1}`,
    };
  });
  const body = Buffer.from(text);
  for (let at = 0, n = 0; at < body.length; n += 1) {
    const size = sizes[n % sizes.length] as number;
    scanner.write(body.subarray(at, at + size));
    at += size;
  }
  return { json: scanner.end(), media };
}

function withImage(written: string): string {
  return `{"inputs":[{"id":"a","data":{"image":{"base64":"${written}"}}}]}`;
}

const key = fc.oneof(fc.constantFrom("base64", "data", "image", 'ba"se64', "base64\\", "\\", ":{"), fc.string());
const anything = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.jsonValue({ maxDepth: 1 }), tie("object"), fc.array(tie("value"))),
  object: fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: true }),
})).object;
const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
const input = fc.record({
  before: anything,
  kind: fc.constantFrom("image", "video", "audio"),
  bytes,
  metadata: anything,
});

/** Ways in which JSON libraries differ. */
const written = fc.constantFrom(
  (text: string) => text,
  (text: string) => text.replaceAll("/", "\\/"),
  (text: string) => text.replaceAll("+", "\\u002B").replaceAll("=", "\\u003d"),
);
const keyWritten = fc.constantFrom('"base64":', '"base64"  :\n\t  ', '"b\\u0061se64":', `"base64":${" ".repeat(60)}`);

describe("scanning a body", () => {
  it("returns the same JSON and bytes for every notation and every division into chunks", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(input, { maxLength: 4 }), sizes, written, keyWritten, (inputs, cuts, write, name) => {
        const parts = inputs.map((one) => {
          const media = `{"a":${JSON.stringify(one.before)},${name}"${write(one.bytes.toString("base64"))}","b":1}`;
          return `{"before":${JSON.stringify(one.before)},"data":{"${one.kind}":${media},"metadata":${JSON.stringify(one.metadata)}}}`;
        });
        const scanned = scan(`{"inputs":[${parts.join(", ")}]}`, cuts);
        expect(scanned.media.map((media) => media.valid)).toEqual(inputs.map(() => true));
        expect(scanned.media.map((media) => media.bytes)).toEqual(inputs.map((one) => one.bytes));
        const expected = inputs.map(({ before, kind, metadata }, n) => ({
          before,
          data: { [kind]: { a: before, base64: `media:${n}`, b: 1 }, metadata },
        }));
        expect(scanned.json).toEqual(JSON.parse(JSON.stringify({ inputs: expected })));
      }),
      propertyRuns(400),
    );
  });

  it("does not change a key `base64` in metadata, in a text and in a mask", () => {
    const text = JSON.stringify({
      inputs: [
        { data: { text: { raw: '"base64":"AAAA"' }, metadata: { base64: "hello", data: { image: { base64: "x" } } } } },
      ],
      annotations: [{ data: { regions: [{ region_info: { mask: { image: { base64: "AAAA" } } } }] } }],
    });
    expect(scan(text, [7])).toEqual({ json: JSON.parse(text), media: [] });
  });

  it.each([
    "AAA",
    "A===",
    "AA=A",
    "AAAA=",
    "AA==AAAA",
    "A*AA",
    "AAAA AAAA",
    "AAA\\nAAAA",
    "AAA\\\\",
    'AAA\\"AAAA',
    "AAA\\u00e9",
    "AAA\\u0141",
  ])("reports that %s is not base64, in one piece or byte by byte", (value) => {
    expect(scan(withImage(value)).media).toMatchObject([{ valid: false }]);
    expect(scan(withImage(value), [1]).media).toMatchObject([{ valid: false }]);
  });

  it.each(["", "{", '{"a"', "[1,]", '{"inputs":[{"data":{"image":{"base64":"AAAA', "[".repeat(100_000)])(
    "throws a SyntaxError for JSON that is broken or too deep (case %#)",
    (text) => {
      expect(() => scan(text, [5])).toThrow(SyntaxError);
    },
  );

  it("works over HTTP: escaped bytes arrive complete, and each invalid value is refused alone", async () => {
    const { call, emulator } = await openHttp();
    const image = Buffer.from("fbefbefffe", "hex").toString("base64");
    const one = (id: string, text: string, more = "") => `{"id":"${id}","data":{"image":{"base64":"${text}"}${more}}}`;
    const body = [
      one("slashes", image.replaceAll("/", "\\/"), ',"metadata":{"base64":"kept"}'),
      one("dotnet", image.replaceAll("+", "\\u002B")),
      one("broken", "AAA*"),
      one("empty", ""),
    ];
    const { http, json } = await call("POST", "/inputs", `{"inputs":[${body.join(",")}]}`);
    expect(http).toBe(200);
    expect(json.status.code).toBe(10010);
    expect(json.inputs.map((each) => each.status.code)).toEqual([30001, 30001, 30300, 30300]);
    expect(json.inputs[0]?.data.metadata).toEqual({ base64: "kept" });
    const [slashes, dotnet] = emulator.stored();
    expect(slashes).toMatchObject({ id: "slashes", sizeBytes: 5 });
    expect(dotnet?.sha256).toBe(slashes?.sha256);
  });
});
