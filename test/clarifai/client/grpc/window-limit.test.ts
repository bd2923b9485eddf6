import { describe, expect, it } from "vitest";
import { windowLimit } from "../../../../src/clarifai/client/grpc/window-limit.js";

/** A message of 8 MB that a window of 64 KB for each round trip of 50 ms explains: 1.3 MB a second. */
const limited = { bytes: 8_000_000, ms: 6100, windowBytes: 65_536, roundTripMs: 50 };

describe("a message over gRPC", () => {
  it("was slow because of the windows, with their size, the speed and the time there and back", () => {
    expect(windowLimit(limited)).toBe(
      "the server lets a connection send 65.5 kB ahead, which is 1.3 MB a second with 50 ms there and back",
    );
  });

  it.each([
    ["it was faster, since the server enlarged its windows", { ms: 2000 }],
    ["it was much slower, since the link or the server was", { ms: 60_000 }],
    ["the server is near", { roundTripMs: 0.4, ms: 60 }],
    ["the time there and back is not known", { roundTripMs: undefined }],
    ["it was too short to tell", { bytes: 500_000, ms: 381 }],
    ["the windows are large", { windowBytes: 16_000_000, ms: 320 }],
  ])("was not limited by the windows if %s", (_, change) => {
    expect(windowLimit({ ...limited, ...change })).toBeUndefined();
  });
});
