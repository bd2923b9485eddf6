/** Defines a pipeline in its own module, which runs unchanged on one machine and on many. */

import { batch, connect, flow, geoFromExif, type Pipeline, tagMetadata, upload } from "sluice";

const app = await connect();

const pipeline: Pipeline = (source) =>
  flow(source).pipe(geoFromExif(), tagMetadata({ split: "train" }), batch(), upload(app));

export default pipeline;
