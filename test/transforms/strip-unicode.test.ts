import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type InputDraft, type StripUnicodeOptions, stripUnicode } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { exampleBytes } from "../helpers/files.js";
import { propertyRuns } from "../helpers/long.js";
import { beforeAndAfter, one, through } from "../helpers/transforms.js";

const strip = async (text: string, options?: StripUnicodeOptions) => (await one(stripUnicode(options), { text })).text;

/** What many texts become, in one run. */
async function stripAll(texts: readonly string[], options?: StripUnicodeOptions): Promise<(string | undefined)[]> {
  const { made } = await through(
    stripUnicode(options),
    texts.map((text) => ({ text })),
  );
  return made.map((input) => input.text);
}

const ascii = ["a", "Z", "7", " ", "\n", "\t", "#", "*", "1", "~"];
const letters = ["é", "ü", "Ω", "щ", "日", "각", "कि", "ñ", "ệ"];
const marked = ["q\u0303", "x\u0332", "1\u0301", "g\u0308\u0323"];
const emojis = [
  "🌊",
  "🇳🇱",
  "🇧🇷",
  "👨‍👩‍👧‍👦",
  "1️⃣",
  "#️⃣",
  "*️⃣",
  "👍🏽",
  "❤️",
  "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
  "🏳️‍🌈",
  "☺️",
  "👩🏾‍🚀",
  "✈️",
  "©️",
  "⌚",
  "🅰️",
  "🧑‍🤝‍🧑",
];
const anyGrapheme = fc.constantFrom(...ascii, ...letters, ...marked, ...emojis);
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc
    .array(
      fc.oneof(
        anyGrapheme,
        fc.constantFrom(
          "\u200D",
          "\uFE0F",
          "\u20E3",
          "\u0301",
          "\u200B",
          "\u2060",
          "\u{1F3FD}",
          "\u{1F1F3}",
          "\u0007",
          "\u00AD",
          "\uD83D",
          "\u0600",
          "\u200C",
        ),
      ),
      { maxLength: 14 },
    )
    .map((parts) => parts.join("")),
);

testTransform("stripUnicode", async () => ({
  transform: stripUnicode(),
  inputs: ["café 🌊", "plain", "naïve 👨‍👩‍👧‍👦 façade"].map((text, n) => ({
    id: `n${n}`,
    text,
    metadata: { note: text },
  })),
}));
testTransform("stripUnicode by tables", async () => ({
  transform: stripUnicode({ remove: { categories: ["So"], scripts: ["Han"] } }),
  inputs: ["日本 sea", "🌊 sea", "sea"].map((text, n) => ({ id: `n${n}`, text })),
}));

describe("removing all but ASCII", () => {
  it("leaves only ASCII of any text, and is idempotent", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 20 }), async (texts) => {
        const once = await stripAll(texts);
        for (const text of once) expect(text).toMatch(/^[\x00-\x7F]*$/);
        expect(await stripAll(once as string[])).toEqual(once);
      }),
      propertyRuns(150),
    );
  });

  it("removes whole graphemes: letters with their accents, digits with their keycaps", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyGrapheme, { maxLength: 15 }), async (parts) => {
        expect(await strip(parts.join(""))).toBe(parts.filter((part) => ascii.includes(part)).join(""));
      }),
      propertyRuns(150),
    );
  });

  it("leaves any ASCII text as it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary-ascii", maxLength: 50 }), async (text) => {
        const [before, after] = await beforeAndAfter(stripUnicode(), { text });
        expect(after).toBe(before);
      }),
    );
  });

  it("removes them from the texts of the example", async () => {
    const text = exampleBytes("notes/welcome.txt").toString();
    expect(await strip(text)).toBe("Calm sea today , wind from the west . The family  stayed until sunset .\n");
    expect(await strip(exampleBytes("notes/menu.txt").toString())).toBe(
      "Caf crme  2,50 \nPiata  nave faade\nNumber  choice\u0007\n",
    );
  });

  it("inserts the replacement", async () => {
    expect(await strip("café 🇳🇱!", { replacement: "?" })).toBe("caf? ?!");
    expect(await strip("1️⃣ and $&", { replacement: "$&" })).toBe("$& and $&");
  });
});

describe("removing emoji", () => {
  const options = { remove: "emoji" } as const;

  it("removes each emoji as a whole and leaves all other characters", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyGrapheme, { maxLength: 15 }), async (parts) => {
        const kept = parts.filter((part) => !emojis.includes(part));
        expect(await strip(parts.join(""), options)).toBe(kept.join("").normalize("NFC"));
      }),
      propertyRuns(150),
    );
  });

  it("leaves no emoji in any text, and is idempotent", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 20 }), async (texts) => {
        const once = await stripAll(texts, options);
        for (const text of once) expect(text).not.toMatch(/\p{Emoji_Presentation}|\p{Regional_Indicator}|\u20E3/u);
        expect(await stripAll(once as string[], options)).toEqual(once);
      }),
      propertyRuns(150),
    );
  });

  it("finds the start of each emoji in a text of any length", async () => {
    for (const shift of [0, 1, 2, 3, 5, 8]) {
      const text =
        "日".repeat(500 + shift) +
        emojis
          .map((emoji) => `${emoji}語`)
          .join("")
          .repeat(60);
      expect(await strip(text, options)).toBe("日".repeat(500 + shift) + "語".repeat(emojis.length * 60));
    }
    expect(await strip(`日${"🇳🇱".repeat(700)}語`, { ...options, replacement: "x" })).toBe(`日${"x".repeat(700)}語`);
    const tall = `日${"\u0301".repeat(3000)}`;
    expect(await strip(`${tall}🌊${tall}`, options)).toBe(tall + tall);
  });

  it("leaves letters, digits and signs that Unicode lists as emoji", async () => {
    const text = "7 # * © ® ™ 24:00 → a\uFE0Fb";
    expect(await strip(text, options)).toBe(text);
  });

  it("inserts the replacement for each", async () => {
    expect(await strip("a🌊👨‍👩‍👧‍👦1️⃣b", { ...options, replacement: "*" })).toBe("a***b");
  });
});

describe("removing control characters", () => {
  const options = { remove: "control" } as const;

  it("keeps tabs and line breaks, and removes invisible characters", async () => {
    expect(await strip("a\u0000b\tc\r\nd\u0007\u001B\u007F\u0085e\u200Bf\u00ADg\uFEFFh\u2066i\u2069", options)).toBe(
      "ab\tc\r\ndefghi",
    );
  });

  it("keeps the joiners of emoji", async () => {
    const text = `${emojis.join("")}é\u0301`;
    expect(await strip(text, options)).toBe(text.normalize("NFC"));
  });

  it("removes a joiner that joins nothing", async () => {
    expect(await strip("a\u200Db 🌊\u200D 👨\u200B\u200D👩 \u{E0067}x", options)).toBe("ab 🌊 👨👩 x");
  });

  it("strips texts of 20,000 repeated marks, joiners and flags", async () => {
    const long = ["\u{E0067}", "\uFE0F", "\u200D", "🏴\u{E0067}", "👨\u200D", "a\u0301", "\u{1F1F3}"].map((part) =>
      part.repeat(20_000),
    );
    for (const remove of ["control", "emoji", "non-ascii"] as const) {
      expect(await stripAll(long, { remove })).toHaveLength(long.length);
    }
  });

  it("leaves no control character outside of emoji, and is idempotent", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 20 }), async (texts) => {
        const once = await stripAll(texts, options);
        for (const text of once)
          expect(text).not.toMatch(/[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F\u200B\u2060\u00AD\uD800-\uDFFF]/u);
        expect(await stripAll(once as string[], options)).toEqual(once);
      }),
      propertyRuns(150),
    );
  });
});

describe("removing categories and scripts", () => {
  it("removes letters of a script with their accents", async () => {
    expect(await strip("sea море 海 うみ θάλασσα", { remove: { scripts: ["Han", "Cyrillic", "Greek"] } })).toBe(
      "sea   うみ ",
    );
  });

  it("removes one category, or all categories of a letter", async () => {
    const text = "a1€+½²Ⅷ_";
    expect(await strip(text, { remove: { categories: ["Sc"] } })).toBe("a1+½²Ⅷ_");
    expect(await strip(text, { remove: { categories: ["N"] } })).toBe("a€+_");
    expect(await strip(text, { remove: { categories: ["S", "P"], scripts: ["Latin"] } })).toBe("1½²");
  });

  it("removes marks from letters, and never from an emoji", async () => {
    const remove = { categories: ["Mn"] };
    expect(await strip("x\u0332y é", { remove })).toBe("xy é");
    expect(await strip("é", { remove, normalize: "NFD" })).toBe("e");
    const [kept] = await stripAll(["a ❤️ b"], { remove });
    expect(["a ❤️ b", "a  b"]).toContain(kept);
  });

  it("removes emoji as a whole by their category", async () => {
    const flags = ["🇳🇱", "🌊", "👨‍👩‍👧‍👦", "👍🏽"];
    expect(await strip(`a${flags.join("b")}c`, { remove: { categories: ["So"] } })).toBe("abbbc");
  });

  it("is idempotent, for any text and form", async () => {
    const remove = fc.constantFrom<{ categories?: string[]; scripts?: string[] }>(
      { categories: ["M"] },
      { categories: ["Cf"] },
      { categories: ["So", "Sk"] },
      { scripts: ["Han", "Latin"] },
      { categories: ["L"] },
    );
    const normalize = fc.constantFrom<NonNullable<StripUnicodeOptions["normalize"]>>(
      "NFC",
      "NFD",
      "NFKC",
      "NFKD",
      false,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyText, { minLength: 1, maxLength: 10 }),
        remove,
        normalize,
        async (texts, classes, form) => {
          const once = await stripAll(texts, { remove: classes, normalize: form });
          expect(await stripAll(once as string[], { remove: classes, normalize: form })).toEqual(once);
        },
      ),
      propertyRuns(100),
    );
  });

  it("removes several classes, one after the other", async () => {
    const remove: StripUnicodeOptions["remove"] = ["emoji", "control", { scripts: ["Han"] }];
    expect(await strip("a🌊b\u0007c海d é", { remove })).toBe("abcd é");
  });

  it("refuses unknown categories and scripts at once", () => {
    expect(() => stripUnicode({ remove: { scripts: ["cyrilic"] } })).toThrow(/stripUnicode/);
    expect(() => stripUnicode({ remove: { scripts: ["Han}|[a-z"] } })).toThrow(/stripUnicode/);
    expect(() => stripUnicode({ remove: { categories: ["Xx"] } })).toThrow(/stripUnicode/);
    expect(() => stripUnicode({ remove: "emojis" as "emoji" })).toThrow(/stripUnicode/);
    expect(() => stripUnicode({ remove: [] })).toThrow(/stripUnicode/);
  });
});

describe("normalizing", () => {
  it("is NFC by default, and another form or none by option", async () => {
    const text = "e\u0301 \uFB01 \u212B";
    const remove = "control";
    expect(await strip(text, { remove })).toBe("é \uFB01 Å");
    expect(await strip(text, { remove, normalize: "NFD" })).toBe("e\u0301 \uFB01 A\u030A");
    expect(await strip(text, { remove, normalize: "NFKC" })).toBe("é fi Å");
    expect(await strip(text, { remove, normalize: false })).toBe(text);
  });

  it("converts characters with a compatible ASCII form", async () => {
    expect(await strip("ﬁn Ｃafé ２", { normalize: "NFKD" })).toBe("fin Caf 2");
  });

  it("is repeated where a removal joins a letter and its accent", async () => {
    expect(await strip("e\u200D\u0301", { remove: "control" })).toBe("é");
  });
});

describe("the cleaned fields", () => {
  const input: InputDraft = {
    text: "é🌊",
    metadata: { kéy: "é🌊", list: ["a🌊", { deep: "ü", n: 1, none: null, yes: true }] },
    concepts: [{ id: "é", name: "Sée 🌊" }, { id: "emoji", name: "🌊" }, { id: "plain" }],
  };

  it("are text, strings of the metadata and names of concepts, not keys and ids", async () => {
    const made = await one(stripUnicode(), input);
    expect(made.text).toBe("");
    expect(made.metadata).toEqual({ kéy: "", list: ["a", { deep: "", n: 1, none: null, yes: true }] });
    expect(made.concepts).toEqual([{ id: "é", name: "Se" }, { id: "emoji", name: "emoji" }, { id: "plain" }]);
  });

  it("are the fields of the option", async () => {
    const before = await one(stripUnicode({ fields: [] }), input);
    for (const field of ["text", "metadata", "concepts"] as const) {
      const made = await one(stripUnicode({ fields: [field] }), input);
      for (const other of ["text", "metadata", "concepts"] as const) {
        if (other === field) expect(made[other]).not.toEqual(before[other]);
        else expect(made[other]).toEqual(before[other]);
      }
    }
  });

  it("pass unchanged when there is nothing to remove", async () => {
    const plain: InputDraft[] = [
      { text: "plain", metadata: { list: ["a", { b: "c" }] }, concepts: [{ id: "c", name: " C " }] },
      { image: { url: "https://a.test/x.jpg" }, metadata: { filename: "x.jpg" } },
    ];
    const classes: StripUnicodeOptions["remove"][] = ["non-ascii", "emoji", "control", { categories: ["So"] }];
    for (const draft of plain) {
      for (const remove of classes) {
        const [before, after] = await beforeAndAfter(stripUnicode({ remove }), draft);
        expect(after).toBe(before);
      }
    }
  });

  it("do not add a text to an input without one", async () => {
    const made = await one(stripUnicode(), { image: { url: "https://a.test/x.jpg" }, metadata: { n: "é" } });
    expect("text" in made).toBe(false);
  });
});
