/** The vendor's package has no types of its own entry point. */
declare module "clarifai-nodejs-grpc" {
  import type { Client } from "@grpc/grpc-js";
  export const ClarifaiStub: { insecureGrpc(): Client };
}
