/** An Inputs API over gRPC that answers at once: it reads the ids of the inputs, and reports all as processed. */

import { Server, ServerCredentials } from "@grpc/grpc-js";
import resources from "clarifai-nodejs-grpc/proto/clarifai/api/resources_pb";
import service from "clarifai-nodejs-grpc/proto/clarifai/api/service_grpc_pb";
import messages from "clarifai-nodejs-grpc/proto/clarifai/api/service_pb";
import statuses from "clarifai-nodejs-grpc/proto/clarifai/api/status/status_pb";
import protobuf from "google-protobuf";
import { announce, counts, host } from "./serve.mjs";

const inputsField = 2;
const idField = 1;
const framing = 5;
const status = (code) => new statuses.Status().setCode(code).setDescription("Ok");

/** Reads the ids of a PostInputsRequest, and ignores all other fields. */
function idsOf(bytes) {
  const ids = [];
  const reader = new protobuf.BinaryReader(bytes);
  const readId = () => {
    while (reader.nextField()) {
      if (reader.getFieldNumber() === idField) ids.push(reader.readString());
      else reader.skipField();
    }
  };
  while (reader.nextField()) {
    if (reader.getFieldNumber() === inputsField) reader.readMessage(ids, readId);
    else reader.skipField();
  }
  return ids;
}

function inputsAnswer(ids) {
  const inputs = ids.map((id) => new resources.Input().setId(id).setStatus(status(30000)));
  return new messages.MultiInputResponse().setStatus(status(10000)).setInputsList(inputs);
}

const { postInputs, getInputsAddJob, listInputs, deleteInputs } = service.V2Service;
const calls = {
  postInputs: { ...postInputs, requestDeserialize: idsOf },
  getInputsAddJob,
  listInputs,
  deleteInputs,
};
for (const [name, call] of Object.entries(calls)) {
  const requestDeserialize = (bytes) => {
    counts.requests += 1;
    counts.bytes += bytes.length + framing;
    return call.requestDeserialize(bytes);
  };
  calls[name] = { ...call, requestDeserialize };
}

const maxBytes = 1024 ** 3;
const server = new Server({ "grpc.max_receive_message_length": maxBytes, "grpc-node.flow_control_window": 16_000_000 });
server.addService(calls, {
  postInputs({ request: ids }, answer) {
    counts.inputs += ids.length;
    answer(null, inputsAnswer(ids));
  },
  getInputsAddJob({ request }, answer) {
    const progress = new resources.InputsAddJobProgress().setPendingCount(0).setInProgressCount(0);
    const job = new resources.InputsAddJob().setId(request.getId()).setProgress(progress);
    answer(null, new messages.SingleInputsAddJobResponse().setStatus(status(10000)).setInputsAddJob(job));
  },
  listInputs({ request }, answer) {
    answer(null, inputsAnswer(request.getIdsList()));
  },
  deleteInputs(_call, answer) {
    answer(null, new statuses.BaseResponse().setStatus(status(10000)));
  },
});
server.bindAsync(`${host}:0`, ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  announce(port);
});
