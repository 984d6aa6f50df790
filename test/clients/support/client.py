"""The distribution's Python client at work in the namespace of the first argument. Says what it did, a line each."""
import sys
from kubernetes import client, config, dynamic, watch
from kubernetes.stream import stream
from kubernetes.client.rest import ApiException

namespace = sys.argv[1]
config.load_kube_config()
core, apps = client.CoreV1Api(), client.AppsV1Api()

core.create_namespaced_config_map(namespace, {"metadata": {"name": "c", "labels": {"by": "python"}}, "data": {"a": "1"}})
core.patch_namespaced_config_map("c", namespace, {"data": {"b": "2"}})
listed = core.list_namespaced_config_map(namespace, label_selector="by=python")
print("listed", [(one.metadata.name, one.data) for one in listed.items])
core.delete_namespaced_config_map("c", namespace)
try:
    core.read_namespaced_config_map("c", namespace)
except ApiException as error:
    print("gone", error.status, error.reason)

container = client.V1Container(
    name="main", image="skiff/busybox:1",
    command=["sh", "-c", "echo began; trap exit TERM; sleep 1000000 & wait"],
    resources=client.V1ResourceRequirements(requests={"cpu": "10m"}))
pod = client.V1Pod(
    metadata=client.V1ObjectMeta(name="p"),
    spec=client.V1PodSpec(containers=[container], termination_grace_period_seconds=1))
created = core.create_namespaced_pod(namespace, pod)
watcher = watch.Watch()
for event in watcher.stream(core.list_namespaced_pod, namespace, field_selector="metadata.name=p",
                            resource_version=created.metadata.resource_version, timeout_seconds=60):
    if event["object"].status.phase == "Running":
        watcher.stop()
        print("watched", event["type"])
print("log", core.read_namespaced_pod_log("p", namespace).strip())
print("exec", stream(core.connect_get_namespaced_pod_exec, "p", namespace, command=["echo", "hello"],
                     stdout=True, stderr=True, stdin=False, tty=False).strip())
core.delete_namespaced_pod("p", namespace, propagation_policy="Background")

labels = {"app": "d"}
apps.create_namespaced_deployment(namespace, client.V1Deployment(
    metadata=client.V1ObjectMeta(name="d"),
    spec=client.V1DeploymentSpec(
        replicas=0, selector=client.V1LabelSelector(match_labels=labels),
        template=client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels=labels),
                                          spec=client.V1PodSpec(containers=[container])))))
scale = apps.patch_namespaced_deployment_scale("d", namespace, {"spec": {"replicas": 0}})
print("scale", scale.kind, scale.spec.replicas or 0)
apps.delete_namespaced_deployment("d", namespace)

found = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="Service")
print("dynamic", found.name, found.namespaced, client.VersionApi().get_code().minor)
