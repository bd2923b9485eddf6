/** Connections to emulators in this process. */

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

describe("connections to an emulator in this process", () => {
  it("share the emulator of a folder until the last of them is closed", async () => {
    const data = temporaryFolder();
    const [first, second] = await Promise.all([open(data), open(`${data}/.`)]);
    expect(second.baseUrl).toBe(first.baseUrl);
    await first.close();
    await first.close(); // closing twice counts once
    await flow(fromIterable([{ id: "a", text: "calm sea" }]))
      .pipe(upload(second))
      .run();
    const closing = second.close();
    const third = await open(data); // waits until the emulator is closed, and starts it again
    await closing;
    expect((await flow(listInputs(third)).toArray()).map((input) => input.id)).toEqual(["a"]);
  });

  it.each([true, false])(
    "print where the data is, and the address of the gallery only on a terminal (%s)",
    async (isTerminal) => {
      const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
      const { isTTY } = process.stderr;
      onTestFinished(() => {
        write.mockRestore();
        process.stderr.isTTY = isTTY;
      });
      process.stderr.isTTY = isTerminal;
      const data = temporaryFolder();
      const app = await connect({ data });
      onTestFinished(() => app.close());
      const notice = write.mock.calls.map(([text]) => String(text)).join("");
      expect(notice).toContain(`sluice: using the emulator; its data is in ${data}`);
      expect(notice.includes(`${app.baseUrl}/#link=`)).toBe(isTerminal);
    },
  );

  it("reject each time if the folder cannot be used", async () => {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(open(import.meta.filename)).rejects.toMatchObject({ code: "ERR_STORE_UNUSABLE" });
    }
  });
});
