/** The commands that change inputs: patch, label, annotate. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type App, batch, flow, fromIterable, type InputDraft, listInputs, upload } from "../../src/index.js";
import { jpeg } from "../helpers/files.js";
import { runHere } from "../helpers/run-here.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const drafts: InputDraft[] = [
  { id: "a", text: "calm sea", concepts: ["sea"], metadata: { split: "train", tags: ["x"], deep: { one: 1, two: 2 } } },
  { id: "b", text: "rough sea", concepts: ["sea", "storm"], geo: { longitude: 1, latitude: 2 } },
  { id: "c", text: "a quay", datasets: ["d"] },
];

/** Opens an app with three texts. Commands of this process use it, too. */
async function open(inputs: readonly InputDraft[] = drafts) {
  const { store, app } = await openStore();
  vi.stubEnv("CLARIFAI_API_BASE", store.url);
  vi.stubEnv("CLARIFAI_PAT", "any");
  onTestFinished(() => void vi.unstubAllEnvs());
  await flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
  const folder = temporaryFolder();
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  return { store, app, file };
}

async function stored(app: App) {
  const inputs = await flow(listInputs(app, { annotations: true, datasets: true })).toArray();
  return Object.fromEntries(
    inputs.map(({ id, concepts, metadata, geo, annotations, datasets, text }) => {
      const ids = concepts.map((concept) => concept.id).toSorted();
      const regions = annotations.filter(({ box }) => box).map(({ id: name, box }) => [name, box]);
      return [id, { concepts: ids, metadata, geo, text, datasets, regions }];
    }),
  );
}

const counts = (ran: { stdout: string }) => ran.stdout.split("\n")[0]?.replace(/ {2}\(.*/, "");

describe("sluice patch", () => {
  it("changes the inputs of the rows of a table, and nothing in a second run", async () => {
    const { app, file } = await open();
    const table = file(
      "rows.csv",
      "name,x,y,split,label,set\na,4.5,-52,test,boat,d\nb,,,val,,\nzz,1,1,test,,\n,1,1,test,,\n",
    );
    const map = "id=name,lon=x,lat=y,metadata.split=split,label=label,dataset=set";
    const before = await stored(app);

    const planned = await runHere("patch", table, "--map", map, "--dry-run");
    expect(planned).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^plan: read 4 = ok 2 \+ refused 2 /) as string,
    });
    expect(await stored(app)).toEqual(before);

    const ran = await runHere("patch", table, "--map", map);
    expect([ran.code, counts(ran)]).toEqual([1, "read 4 = ok 2 + failed 2 + skipped 0"]);
    expect(ran.stdout).toMatch(/zz: no input has this id \[\w+, 30102\]/);
    expect(ran.stdout).toMatch(/rows\.csv:5: the row has no id of an input; name its column with --map id=COLUMN/);
    const after = await stored(app);
    expect(after).toMatchObject({
      a: {
        ...{ concepts: ["boat", "sea"], geo: { longitude: 4.5, latitude: -52 }, datasets: ["d"] },
        metadata: { split: "test", tags: ["x"], deep: { one: 1, two: 2 } },
      },
      b: { concepts: ["sea", "storm"], metadata: { split: "val" }, geo: { longitude: 1, latitude: 2 } },
      c: before.c,
    });
    const again = await runHere("patch", table, "--map", map);
    expect(counts(again)).toBe("read 4 = ok 0 + failed 2 + skipped 2");
    expect(again.stdout).toContain("2 × nothing to change: a, b");
  });

  it("overwrites and removes what a row names, and combines the rows of one input", async () => {
    const { app, file } = await open();
    const rows = [
      { id: "a", metadata: { deep: { one: true }, tags: true } },
      { id: "a", concepts: ["sea"] },
      { id: "b", geo: { longitude: 0, latitude: 0 } },
      { id: "c", datasets: ["d"] },
    ];
    const removal = file("remove.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
    expect(counts(await runHere("patch", removal, "--action", "remove"))).toBe("read 3 = ok 3 + failed 0 + skipped 0");
    expect(await stored(app)).toMatchObject({
      a: { concepts: [], metadata: { split: "train", deep: { two: 2 } } },
      b: { concepts: ["sea", "storm"], geo: undefined },
      c: { datasets: [], text: "a quay" },
    });
    const whole = file("whole.jsonl", '{"id":"b","metadata":{"n":1}}\n');
    expect(counts(await runHere("patch", whole, "--action", "overwrite"))).toBe("read 1 = ok 1 + failed 0 + skipped 0");
    expect((await stored(app)).b).toMatchObject({ concepts: [], metadata: { n: 1 } });
  });

  it("changes all selected inputs", async () => {
    const { app, file } = await open();
    const changes = ["--set", "split=test", "--set", "n=1", "--unset", "tags", "--geo", "5.32,60.39"];
    expect(counts(await runHere("patch", ...changes, "--concept", "sea", "--without-concept", "storm"))).toBe(
      "read 1 = ok 1 + failed 0 + skipped 0",
    );
    expect((await stored(app)).a).toMatchObject({
      metadata: { split: "test", n: 1, deep: { one: 1, two: 2 } },
      geo: { longitude: 5.32, latitude: 60.39 },
    });
    await runHere("patch", "--no-geo", "--all");
    expect(Object.values(await stored(app)).map(({ geo }) => geo)).toEqual([undefined, undefined, undefined]);
    const journal = join(file("j", ""), "../patch.journal");
    expect(counts(await runHere("patch", "--set", "a=1", "--all", "--journal", journal))).toBe(
      "read 3 = ok 3 + failed 0 + skipped 0",
    );
    const other = await runHere("patch", "--set", "a=2", "--all", "--journal", journal);
    expect(counts(other)).toBe("read 3 = ok 3 + failed 0 + skipped 0"); // another edit is not done earlier
    const same = await runHere("patch", "--set", "a=2", "--all", "--journal", journal);
    expect(same.stdout).toContain("3 × done earlier");
  });
});

describe("sluice label", () => {
  it("adds, removes, sets and clears concepts of selected inputs", async () => {
    const { app } = await open();
    const concepts = async () => Object.values(await stored(app)).map((input) => input.concepts);
    await runHere("label", "--add", "boat", "--add", "sea", "--remove", "storm", "--id", "b", "--id", "c");
    expect(await concepts()).toEqual([["sea"], ["boat", "sea"], ["boat", "sea"]]);
    await runHere("label", "--set", "quay", "--concept", "boat", "--dataset", "d");
    expect(await concepts()).toEqual([["sea"], ["boat", "sea"], ["quay"]]);
    await runHere("label", "--clear", "--metadata", "split=train");
    expect(await concepts()).toEqual([[], ["boat", "sea"], ["quay"]]);
    const { metadata } = (await stored(app)).a ?? {};
    expect(metadata).toEqual(drafts[0]?.metadata);
    const missing = await runHere("label", "--add", "x", "--id", "c", "--id", "nowhere");
    expect(missing).toMatchObject({ code: 1, stdout: expect.stringMatching(/read 2 = ok 1 \+ failed 1 /) as string });
  });

  it("reads the concepts of a table, with several rows for an input", async () => {
    const { app, file } = await open();
    const table = file("labels.csv", "key,label\na,boat\nb,sea\na,ship\nc,\n");
    const map = ["--map", "id=key,label=label"];
    expect(counts(await runHere("label", table, ...map, "--action", "set"))).toBe(
      "read 3 = ok 2 + failed 0 + skipped 1",
    );
    expect(Object.values(await stored(app)).map((input) => input.concepts)).toEqual([["boat", "ship"], ["sea"], []]);
    await runHere("label", table, ...map, "--action", "remove", "--kind", "text", "--dataset", "d");
    expect(Object.values(await stored(app)).map((input) => input.concepts)).toEqual([["boat", "ship"], ["sea"], []]);
    await runHere("label", table, ...map, "--action", "remove");
    expect(Object.values(await stored(app)).map((input) => input.concepts)).toEqual([[], [], []]);
    await runHere("label", table, ...map);
    expect(Object.values(await stored(app)).map((input) => input.concepts)).toEqual([["boat", "ship"], ["sea"], []]);
  });
});

describe("sluice annotate", () => {
  it("adds annotations by id, and removes those of a file or all", async () => {
    const { app, file } = await open();
    const box = { id: "box-1", box: [0.1, 0.1, 0.8, 0.9], concepts: [{ id: "boat" }] };
    const boxes = file("boxes.jsonl", `${JSON.stringify({ id: "a", annotations: [box] })}\n`);
    expect(counts(await runHere("annotate", boxes, "--dry-run"))).toBe("plan: read 1 = ok 1 + refused 0 + skipped 0");
    expect((await stored(app)).a?.regions).toEqual([]);
    expect(counts(await runHere("annotate", boxes))).toBe("read 1 = ok 1 + failed 0 + skipped 0");
    expect((await stored(app)).a?.regions).toEqual([["box-1", box.box]]);
    expect(counts(await runHere("annotate", boxes))).toBe("read 1 = ok 0 + failed 0 + skipped 1");

    const moved = { ...box, box: [0, 0, 0.5, 0.5] };
    const other = file("moved.jsonl", `${JSON.stringify({ id: "a", annotations: [moved] })}\n`);
    expect((await runHere("annotate", other)).stdout).toMatch(/ERR_ID_TAKEN/);
    expect(counts(await runHere("annotate", other, "--conflict", "replace"))).toMatch(/ok 1 /);
    expect((await stored(app)).a?.regions).toEqual([["box-1", moved.box]]);

    expect(counts(await runHere("annotate", other, "--remove"))).toMatch(/ok 1 /);
    expect((await stored(app)).a?.regions).toEqual([]);
    await runHere("annotate", boxes);
    expect(counts(await runHere("annotate", "--remove-all", "--with", "annotations", "--concept", "sea"))).toMatch(
      /^read [12] = ok/,
    );
    expect((await stored(app)).a?.regions).toEqual([]);
  });
});

describe("an edit with --undo", () => {
  it("can be undone", async () => {
    const { app, file } = await open();
    await runHere("datasets", "create", "more");
    const box = { id: "box-1", box: [0.1, 0.1, 0.8, 0.9], concepts: [{ id: "boat" }] };
    const boxes = file("boxes.jsonl", `${JSON.stringify({ id: "a", annotations: [box] })}\n`);
    const commands = [
      ["patch", "--set", "split=test", "--unset", "tags", "--no-geo", "--all"],
      ["patch", file("rows.csv", "inputid,concepts\na,boat\nb,boat\n"), "--action", "overwrite"],
      ["label", "--set", "quay", "--all"],
      ["annotate", boxes],
      ["datasets", "add", "more", "--concept", "sea"],
      ["datasets", "remove", "d", "--all"],
    ];
    const before = await stored(app);
    for (const [index, command] of commands.entries()) {
      const undo = `${file("undo", "")}-${index}`;
      expect([command, (await runHere(...command, "--undo", undo)).code]).toEqual([command, 0]);
      expect(await stored(app)).not.toEqual(before);
      expect(await runHere("undo", undo, "--dry-run")).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^plan: /) as string,
      });
      expect(await runHere("undo", undo)).toMatchObject({ code: 0 });
      expect([command, await stored(app)]).toEqual([command, before]);
    }
  });
});

describe("an edit that is not clear", () => {
  it("is refused before anything is read", async () => {
    const cases: [string[], RegExp][] = [
      [["patch"], /name a table, or what to change/],
      [["patch", "t.csv", "--set", "a=1"], /name a table, or what to change/],
      [["patch", "--set", "a=1"], /patch: select inputs with --id, .* or pass --all/],
      [["patch", "--set", "a=1", "--all", "--kind", "text"], /--all cannot be combined with --kind/],
      [["patch", "--set", "a=1", "--all", "--action", "merge"], /--action is for tables/],
      [["patch", "--geo", "5", "--all"], /It must be longitude,latitude/],
      [["label", "--add", "x"], /label: select inputs/],
      [["label", "--add", "", "--all"], /It must not be empty/],
      [["label", "--all"], /name a table, or the concepts/],
      [["label", "--set", "x", "--add", "y", "--all"], /--add and --set cannot be combined/],
      [["label", "--add", "x", "--remove", "x", "--all"], /cannot be added and removed/],
      [["label", "t.csv", "--add", "x"], /the table has the concepts; leave out --add/],
      [["annotate"], /name a file, or pass --remove-all/],
      [["annotate", "--remove-all"], /annotate --remove-all: select inputs/],
      [["annotate", "b.jsonl", "--id", "a"], /the file names the inputs; leave out --id/],
      [["annotate", "b.jsonl", "--remove", "--conflict", "skip"], /--conflict is for annotations that are added/],
    ];
    for (const [args, text] of cases) {
      const ran = await runHere(...args);
      expect([args, ran.code, ran.stdout]).toEqual([args, 2, ""]);
      expect(ran.stderr).toMatch(text);
    }
  });

  it("is refused if the table has another form, or names the inputs beside --id", async () => {
    const { file } = await open();
    const table = file("t.csv", "inputid\na\n");
    expect(await runHere("patch", table, "--id", "a")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/leave out --id/) as string,
    });
    expect(await runHere("patch", file("t.txt", "a"))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--as names the form/) as string,
    });
  });
});

describe("a line for sluice annotate", () => {
  it("may name its concepts, and an error shows where a box belongs", async () => {
    const { app } = await open([{ id: "a", image: { bytes: await jpeg(64, 48) } }]);
    const file = join(temporaryFolder(), "boxes.jsonl");
    writeFileSync(file, '{"id":"a","box":[0.1,0.1,0.5,0.5],"concept":"crane"}\n');
    const refused = await runHere("annotate", file);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('write annotations: [{ box: …, concepts: ["…"] }] for "box"');
    writeFileSync(file, '{"id":"a","annotations":[{"box":[0.1,0.1,0.5,0.5],"concepts":["crane"]}]}\n');
    expect((await runHere("annotate", file)).stdout).toMatch(/^read 1 = ok 1 /);
    expect((await runHere("annotate", file)).stdout).toMatch(/^read 1 = ok 0 \+ failed 0 \+ skipped 1 /);
    const [input] = await flow(listInputs(app, { annotations: true })).toArray();
    expect(input?.annotations).toMatchObject([{ concepts: [{ id: "crane" }] }]);
  });
});
