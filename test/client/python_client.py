"""The program of python_test.sh: KUBECONFIG names the server; prints TAP lines."""
import traceback

from kubernetes import client, config, watch

config.load_kube_config()
core, apps = client.CoreV1Api(), client.AppsV1Api()
done = 0
labels = {"app": "web"}


def check(name, act):
    """Counts as passed when `act` ends without an exception and what it returns is no False."""
    global done
    done += 1
    try:
        result = act()
        print("ok" if result is not False else "not ok", done, "-", name, flush=True)
        return result
    except Exception:  # the client's are many: one check that fails keeps no other back
        print("not ok", done, "-", name, flush=True)
        traceback.print_exc()
        return None


def deployment():
    container = client.V1Container(name="main", image="busybox:1", image_pull_policy="Never", command=["sleep", "1000"])
    pod = client.V1PodSpec(containers=[container], termination_grace_period_seconds=0)
    template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels=labels), spec=pod)
    spec = client.V1DeploymentSpec(replicas=2, selector=client.V1LabelSelector(match_labels=labels), template=template)
    return client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec)


def watch_until_available():
    watching = watch.Watch()
    for event in watching.stream(apps.list_namespaced_deployment, "default", timeout_seconds=60):
        if event["object"].status.available_replicas == 2:
            watching.stop()
            return event["object"].metadata.name == "web"
    return False


def replace():
    read = apps.read_namespaced_deployment("web", "default")
    read.metadata.labels = {"tier": "front"}
    return apps.replace_namespaced_deployment("web", "default", read).metadata.labels == {"tier": "front"}


def page_through():
    first = core.list_namespaced_pod("default", limit=1)
    rest = core.list_namespaced_pod("default", limit=10, _continue=first.metadata._continue)
    return len(first.items) + len(rest.items) == 2


def refused(status, act):
    try:
        act()
    except client.exceptions.ApiException as error:
        return error.status == status
    return False


check("a new Deployment has a status", lambda: apps.create_namespaced_deployment("default", deployment()).status.available_replicas is None)
check("a watch tells when it is available", watch_until_available)
check("read", lambda: apps.read_namespaced_deployment("web", "default").status.available_replicas == 2)
check("read its status", lambda: apps.read_namespaced_deployment_status("web", "default").status.conditions[0].last_transition_time.year > 2000)
check("list", lambda: [d.metadata.name for d in apps.list_deployment_for_all_namespaces().items] == ["web"])
check("replace what was read", replace)
check("a second time it is a conflict", lambda: refused(409, lambda: apps.replace_namespaced_deployment(
    "web", "default", {"metadata": {"name": "web", "resourceVersion": "1"}, "spec": deployment().spec})))
check("list in pages", page_through)
check("patch", lambda: apps.patch_namespaced_deployment("web", "default", {"spec": {"replicas": 1}}).spec.replicas == 1)
check("patch its scale", lambda: apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 2}}).spec.replicas == 2)
check("read its scale", lambda: apps.read_namespaced_deployment_scale("web", "default").status.selector == "app=web")
check("ReplicaSets", lambda: apps.list_namespaced_replica_set("default").items[0].status.replicas >= 1)
check("pods", lambda: all(p.status.phase for p in core.list_namespaced_pod("default", label_selector="app=web").items))
check("the log of one", lambda: core.read_namespaced_pod_log(core.list_namespaced_pod("default").items[0].metadata.name, "default") == "")
check("events", lambda: len(core.list_namespaced_event("default").items) > 0)
check("nodes", lambda: core.list_node().items[0].status.node_info.kubelet_version.startswith("v1."))
check("namespaces", lambda: {n.status.phase for n in core.list_namespace().items} == {"Active"})
check("a Service", lambda: core.create_namespaced_service("default", {
    "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}).status.load_balancer is not None)
# In Go such a slice has null for its lists, which this client refuses to read.
check("an EndpointSlice with nothing in it", lambda: client.DiscoveryV1Api().create_namespaced_endpoint_slice("default", {
    "metadata": {"name": "empty"}, "addressType": "IPv4", "endpoints": []}).endpoints == [])
check("EndpointSlices", lambda: len(client.DiscoveryV1Api().list_namespaced_endpoint_slice("default").items) >= 2)
check("Endpoints", lambda: len(core.list_namespaced_endpoints("default").items) >= 1)
check("the node's Lease", lambda: client.CoordinationV1Api().list_namespaced_lease("kube-node-lease").items[0].spec.renew_time.year > 2000)
check("a ConfigMap", lambda: core.create_namespaced_config_map("default", {"metadata": {"name": "c"}, "data": {"a": "b"}}).data == {"a": "b"})
check("a Secret", lambda: core.create_namespaced_secret("default", {"metadata": {"name": "s"}, "stringData": {"a": "b"}}).data == {"a": "Yg=="})
check("what is not there", lambda: refused(404, lambda: core.read_namespaced_pod("nothing", "default")))
check("what is taken", lambda: refused(409, lambda: apps.create_namespaced_deployment("default", deployment())))
check("what is invalid", lambda: refused(422, lambda: core.create_namespaced_config_map("default", {"metadata": {"name": "X_"}})))
check("the version", lambda: client.VersionApi().get_code().major == "1")
check("the groups", lambda: "apps" in [group.name for group in client.ApisApi().get_api_versions().groups])
check("delete", lambda: apps.delete_namespaced_deployment("web", "default").status == "Success")
check("delete a collection", lambda: core.delete_collection_namespaced_config_map("default", label_selector="a!=b") is not None)
print(f"1..{done}")
