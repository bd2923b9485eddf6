import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { connect, flow, fromIterable, listInputs, upload } from "../src/index.js";
import { temporaryFolder } from "./helpers/store.js";

const open = async (data: string) => {
  const app = await connect({ data, announce: false });
  onTestFinished(() => app.close());
  return app;
};

beforeEach(() => {
  for (const name of ["CLARIFAI_PAT", "CLARIFAI_API_BASE"]) vi.stubEnv(name, "");
});

describe("connections to an embedded store", () => {
  it("share the store of a folder, until the last of them is closed", async () => {
    const data = temporaryFolder();
    const [first, second] = await Promise.all([open(data), open(`${data}/.`)]);
    expect(second.baseUrl).toBe(first.baseUrl);
    await first.close();
    await first.close(); // closing twice counts once
    await flow(fromIterable([{ id: "a", text: "calm sea" }]))
      .pipe(upload(second))
      .run();
    const closing = second.close();
    const third = await open(data); // also while it is being closed
    await closing;
    expect((await flow(listInputs(third)).toArray()).map((input) => input.id)).toEqual(["a"]);
  });

  it.each([true, false])("say where it can be looked at, to a terminal only (%s)", async (isTerminal) => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const { isTTY } = process.stderr;
    onTestFinished(() => {
      write.mockRestore();
      process.stderr.isTTY = isTTY;
    });
    process.stderr.isTTY = isTerminal;
    const app = await connect({ data: temporaryFolder() });
    onTestFinished(() => app.close());
    const said = write.mock.calls.map(([text]) => String(text)).join("");
    expect(said).toContain("using the embedded store");
    expect(said.includes(`${app.baseUrl}/#link=`)).toBe(isTerminal);
  });

  it("say what is wrong with a folder, each time", async () => {
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(open(import.meta.filename)).rejects.toMatchObject({ code: "ERR_STORE_UNUSABLE" });
    }
  });
});
