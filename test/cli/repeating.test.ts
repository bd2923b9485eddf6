import { expect, it } from "vitest";
import { repeatingCommands } from "../../src/cli/common/repeating.js";

it("repeats the command line, quoted for a shell and without credentials", () => {
  const args = ["upload", "my photos", "--app", "me/a", "--proxy", "http://me:secret@proxy:3128", "--journal", "it's"];
  expect(repeatingCommands(args, "failed.jsonl")).toEqual({
    again: String.raw`sluice upload 'my photos' --app me/a --proxy http://proxy:3128 --journal 'it'\''s'`,
    replay: "sluice replay failed.jsonl --app me/a --proxy http://proxy:3128",
  });
  expect(repeatingCommands(["upload", "-"], undefined)).toEqual({ again: "… | sluice upload -" });
  expect(repeatingCommands(["copy", "--from", "a", "--to", "b"], "failed.jsonl").replay).toBeUndefined();
});
