import { main } from "./program.mjs";

test("uploads, cleans, resizes and lists", async () => {
  expect(await main()).toBe("consumer: read 3 = ok 3, calm sea, 40 x 30");
});
