/** Since Node.js 20.19, CommonJS can require modules. */
const { flow } = require("sluice");
const { startEmulator } = require("sluice/emulator");

if (typeof flow !== "function" || typeof startEmulator !== "function") throw new Error("the exports are missing");
void import("./main.mjs");
