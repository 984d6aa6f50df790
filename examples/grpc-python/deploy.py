#!/usr/bin/env python3
"""Creates a Deployment over gRPC, watches its pods become ready, streams a log, runs a command, and cleans up.

  apt-get install python3-grpcio python3-grpc-tools python3-yaml
  KUBECONFIG=.skiff/kubeconfig python3 examples/grpc-python/deploy.py [image]
"""
import itertools
import json
import os
import sys

import grpc

import skiff_client

NAME = "from-python"
NAMESPACE = "default"
DEADLINE_SECONDS = 120

resources_pb2, resources_pb2_grpc, pods_pb2, pods_pb2_grpc = skiff_client.stubs()


def deployment(image, replicas):
    labels = {"app": NAME}
    script = "i=0; while true; do echo tick $i; i=$((i + 1)); sleep 1; done"
    container = {"name": "main", "image": image, "command": ["sh", "-c", script]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
            },
        },
    }


def target(group, resource, name=""):
    return resources_pb2.Target(group=group, version="v1", resource=resource, namespace=NAMESPACE, name=name)


def is_ready(pod):
    conditions = pod.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def wait_until_ready(resources, count):
    """Follows the pods by one watch, from what exists on, until `count` of them are ready. Returns their names."""
    pods = {}
    request = resources_pb2.WatchRequest(target=target("", "pods"), label_selector=f"app={NAME}")
    watch = resources.Watch(request, timeout=DEADLINE_SECONDS)
    for event in itertools.chain.from_iterable(batch.events for batch in watch):
        pod = json.loads(event.json)
        name = pod["metadata"]["name"]
        if event.type == resources_pb2.EVENT_TYPE_DELETED:
            pods.pop(name, None)
        else:
            pods[name] = is_ready(pod)
        print(f"  {resources_pb2.EventType.Name(event.type)[len('EVENT_TYPE_'):]:<9}{name} ready={pods.get(name)}")
        ready = [name for name, ready in pods.items() if ready]
        if len(ready) >= count:
            watch.cancel()
            return ready
    raise SystemExit("the watch ended before the pods were ready")


def first_lines(pods, name, count):
    request = pods_pb2.LogsRequest(namespace=NAMESPACE, pod=name, follow=True)
    call = pods.Logs(request, timeout=DEADLINE_SECONDS)
    text = b""
    for chunk in call:
        text += chunk.data
        if text.count(b"\n") >= count:
            call.cancel()
            break
    return text.decode().splitlines()[:count]


def run(pods, name, command):
    """Runs a command; returns its output and its exit code."""
    opened = pods_pb2.ExecOpen(namespace=NAMESPACE, pod=name, command=command, stdout=True, stderr=True)
    output, code = b"", None
    for message in pods.Exec(iter([pods_pb2.ExecInput(open=opened)]), timeout=DEADLINE_SECONDS):
        output += message.stdout + message.stderr
        if message.WhichOneof("output") == "exit_code":
            code = message.exit_code
    return output.decode(), code


def main():
    image = sys.argv[1] if len(sys.argv) > 1 else "skiff/busybox:1"
    with skiff_client.channel(os.environ.get("KUBECONFIG", ".skiff/kubeconfig")) as channel:
        resources = resources_pb2_grpc.ResourcesStub(channel)
        pods = pods_pb2_grpc.PodsStub(channel)
        document = resources_pb2.Object(json=json.dumps(deployment(image, replicas=2)))
        created = resources.Create(
            resources_pb2.CreateRequest(target=target("apps", "deployments"), object=document), timeout=DEADLINE_SECONDS
        )
        print("created", json.loads(created.json)["metadata"]["uid"])
        try:
            ready = wait_until_ready(resources, 2)
            print("log:", first_lines(pods, ready[0], 2))
            print("exec:", run(pods, ready[0], ["sh", "-c", "echo from $(hostname); exit 3"]))
        finally:
            options = resources_pb2.DeleteOptions(propagation_policy="Background")
            request = resources_pb2.DeleteRequest(target=target("apps", "deployments", NAME), options=options)
            resources.Delete(request, timeout=DEADLINE_SECONDS)
            print("deleted")


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as error:
        raise SystemExit(f"{error.code().name}: {error.details()}")
