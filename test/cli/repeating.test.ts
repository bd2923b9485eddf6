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

it("leaves out the values of headers, and the credentials of each URL", () => {
  const headers = ["--header", "Authorization: Bearer secret", "--header=X-Key:secret", "--header", "@headers.txt"];
  expect(repeatingCommands(["upload", "urls.txt", "--fetch", ...headers], undefined).again).toBe(
    "sluice upload urls.txt --fetch --header 'Authorization: …' '--header=X-Key: …' --header @headers.txt",
  );
  const servers = "nats://me:secret@a:4222,nats://me:secret@b:4222";
  expect(repeatingCommands(["work", "--servers", servers], undefined).again).toBe(
    "sluice work --servers nats://a:4222,nats://b:4222",
  );
  const signed = "https://h/a?sv=1&se=2&sig=a,b";
  expect(repeatingCommands(["upload", signed, `${signed} ${signed}`], undefined).again).not.toContain("sig=");
});
