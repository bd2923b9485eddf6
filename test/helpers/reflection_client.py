"""Calls the emulator with nothing but its address: the definitions come from its reflection service.

Usage: reflection_client.py ADDRESS FILE
Posts the file as an image, lists it, and prints what was found as JSON.
"""

import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

address, path = sys.argv[1:]
channel = grpc.insecure_channel(address, options=[("grpc.max_send_message_length", 200_000_000)])
metadata = [("authorization", "Key any")]


def reflection_pool():
    """Returns a pool with the parts of the reflection service that this client uses."""
    field = descriptor_pb2.FieldDescriptorProto
    text, data, message = field.TYPE_STRING, field.TYPE_BYTES, field.TYPE_MESSAGE
    messages = {
        "Request": [("file_containing_symbol", 4, text, ""), ("list_services", 7, text, "")],
        "Response": [("files", 4, message, "Files"), ("services", 6, message, "Services")],
        "Files": [("proto", 1, data, "[]")],
        "Services": [("service", 1, message, "Service[]")],
        "Service": [("name", 1, text, "")],
    }
    file = descriptor_pb2.FileDescriptorProto(name="reflection.proto", package="client", syntax="proto2")
    for name, fields in messages.items():
        definition = file.message_type.add(name=name)
        for field_name, number, kind, type_name in fields:
            label = field.LABEL_REPEATED if type_name.endswith("[]") else field.LABEL_OPTIONAL
            added = definition.field.add(name=field_name, number=number, type=kind, label=label)
            if kind == message:
                added.type_name = ".client." + type_name.removesuffix("[]")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def class_of(pool, name):
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(name))


def reflect(version, **request):
    pool = reflection_pool()
    call = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=lambda value: value.SerializeToString(),
        response_deserializer=class_of(pool, "client.Response").FromString,
    )
    return next(call(iter([class_of(pool, "client.Request")(**request)])))


services = sorted(service.name for service in reflect("v1", list_services="").services.service)
pool = descriptor_pool.DescriptorPool()
for encoded in reversed(reflect("v1alpha", file_containing_symbol="clarifai.api.V2").files.proto):
    pool.Add(descriptor_pb2.FileDescriptorProto.FromString(encoded))
methods = pool.FindServiceByName("clarifai.api.V2").methods_by_name


def call(name, **request):
    method = methods[name]
    unary = channel.unary_unary(
        f"/clarifai.api.V2/{name}",
        request_serializer=lambda value: value.SerializeToString(),
        response_deserializer=class_of(pool, method.output_type.full_name).FromString,
    )
    answer = unary(class_of(pool, method.input_type.full_name)(**request), metadata=metadata)
    return json_format.MessageToDict(answer, preserving_proto_field_name=True)


app = {"user_id": "me", "app_id": "main"}
with open(path, "rb") as file:
    image = file.read()
posted = call("PostInputs", user_app_id=app, inputs=[{"id": "a", "data": {"image": {"base64": image}}}])
listed = call("ListInputs", user_app_id=app)
try:
    channel.unary_unary("/clarifai.api.V2/PostModelOutputs")(b"", metadata=metadata)
    unknown = "OK"
except grpc.RpcError as error:
    unknown = error.code().name
print(json.dumps({"services": services, "posted": posted, "listed": listed, "unknown": unknown}))
