/** Modules of undici that are imported by themselves; the package describes its index only. */
declare module "undici/lib/api/api-request.js" {
  const request: import("undici").Dispatcher["request"];
  export default request;
}
declare module "undici/lib/core/connect.js" {
  export { buildConnector as default } from "undici";
}
declare module "undici/lib/dispatcher/agent.js" {
  export { Agent as default } from "undici";
}
declare module "undici/lib/dispatcher/dispatcher.js" {
  export { Dispatcher as default } from "undici";
}
declare module "undici/lib/dispatcher/pool.js" {
  export { Pool as default } from "undici";
}
