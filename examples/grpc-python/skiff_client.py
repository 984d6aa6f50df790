"""A connection to Skiff's gRPC door from Python, with the stubs made from proto/ and the identity of a kubeconfig."""
import atexit
import base64
import importlib
import os
import shutil
import sys
import tempfile

import grpc
import yaml
from grpc_tools import protoc

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def stubs():
    """Compiles proto/skiff/v1 and returns its modules: (resources_pb2, resources_pb2_grpc, pods_pb2, pods_pb2_grpc)."""
    out = tempfile.mkdtemp(prefix="skiff-stubs-")
    atexit.register(shutil.rmtree, out, ignore_errors=True)
    proto = os.path.join(REPOSITORY, "proto")
    wellknown = os.path.join(os.path.dirname(protoc.__file__), "_proto")
    files = [f"skiff/v1/{name}.proto" for name in ("resources", "pods")]
    if protoc.main(["", f"-I{proto}", f"-I{wellknown}", f"--python_out={out}", f"--grpc_python_out={out}", *files]) != 0:
        raise SystemExit("protoc failed")
    sys.path.insert(0, out)
    names = [f"skiff.v1.{name}_pb2{suffix}" for name in ("resources", "pods") for suffix in ("", "_grpc")]
    return [importlib.import_module(name) for name in names]


def channel(path):
    """Opens a channel to the gRPC address that the current context of the kubeconfig names, with its certificate."""
    with open(path, encoding="utf-8") as file:
        config = yaml.safe_load(file)
    context = named(config["contexts"], config["current-context"])["context"]
    cluster = named(config["clusters"], context["cluster"])["cluster"]
    user = named(config["users"], context["user"])["user"]
    address = named(cluster["extensions"], "skiff.io/grpc")["extension"]["address"]
    credentials = grpc.ssl_channel_credentials(
        root_certificates=base64.b64decode(cluster["certificate-authority-data"]),
        private_key=base64.b64decode(user["client-key-data"]),
        certificate_chain=base64.b64decode(user["client-certificate-data"]),
    )
    return grpc.secure_channel(address, credentials, options=[("grpc.max_receive_message_length", -1)])


def named(entries, name):
    return next(entry for entry in entries if entry["name"] == name)
