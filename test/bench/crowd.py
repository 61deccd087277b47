"""Thousands of pods that fit nowhere, and a hundred that run: what they cost the loop, the memory and a restart."""
import http.client
import json
import re
import threading
import time

import world

CROWD, RUNNING = 3000, 100
WATCHES = 20

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 1
      nodeSelector: {selector}
      containers:
      - {{name: started, image: "started:1", imagePullPolicy: IfNotPresent}}
"""

POD = """apiVersion: v1
kind: Pod
metadata: {name: another}
spec:
  restartPolicy: Never
  containers:
  - {name: started, image: "started:1", imagePullPolicy: IfNotPresent, args: [end]}
"""


def request(daemon, method, path, body=None, timeout=60):
    connection = world.UnixConnection(daemon.socket)
    connection.timeout = timeout
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]}")
    return text


def turns(daemon):
    """Longest turn of the loop since start, in ms: by the clock, and the processor time of those over 50 ms."""
    text = request(daemon, "GET", "/metrics").decode()
    seconds = [float(re.search(rf"^{name} (\S+)", text, re.M).group(1))
               for name in ("orilla_loop_turn_seconds_max", "orilla_loop_turn_cpu_seconds_max")]
    return seconds[0] * 1000, seconds[1] * 1000


def told(daemon):
    clock, cpu = turns(daemon)
    return f"{clock:.0f} ms" + (f" ({cpu:.0f} ms of processor time)" if cpu else "")


def make(daemon, name, replicas, selector="{}", namespace="default"):
    manifest = daemon.directory / f"{name}.yaml"
    manifest.write_text(DEPLOYMENT.format(name=name, namespace=namespace, replicas=replicas, selector=selector))
    daemon.cli("apply", "-f", manifest)


def pods(daemon, namespace="default"):
    return json.loads(request(daemon, "GET", f"/api/v1/namespaces/{namespace}/pods"))["items"]


def is_told(pod):
    return any(c["type"] == "PodScheduled" and c["status"] == "False" for c in pod.get("status", {}).get("conditions", []))


def wait_for_crowd(daemon, count, namespace="default"):
    def all_wait():
        found = pods(daemon, namespace)
        return len(found) == count and all(map(is_told, found))
    world.wait_for(all_wait, 300, 1)


def wait_for_none(daemon, namespace="default"):
    def none_left():
        return not pods(daemon, namespace)
    world.wait_for(none_left, 300, 1)


def watch_start(daemon):
    """Watches that begin with all that is there, and read it."""
    def follow():
        connection = world.UnixConnection(daemon.socket)
        connection.timeout = 30
        connection.request("GET", "/api/v1/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                                  "&allowWatchBookmarks=true&timeoutSeconds=5")
        connection.getresponse().read()
    threads = [threading.Thread(target=follow) for _ in range(WATCHES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def another_ends(daemon):
    manifest = daemon.directory / "another.yaml"
    manifest.write_text(POD)
    daemon.cli("apply", "-f", manifest)

    def ended():
        return json.loads(request(daemon, "GET", "/api/v1/namespaces/default/pods/another")).get("status", {}).get("phase") == "Succeeded"
    world.wait_for(ended, 60, 0.1)
    daemon.cli("delete", "pod", "another")


def longest_turns(daemon, archive):
    """(scenario, longest turn) for each life of the daemon."""
    daemon.start()
    daemon.cli("image", "import", archive)
    make(daemon, "crowd", CROWD, '{"disk": "none"}')
    wait_for_crowd(daemon, CROWD)
    another_ends(daemon)
    daemon.cli("get", "pods")
    daemon.cli("get", "pods", "-l", "app=nobody")
    watch_start(daemon)
    yield f"{CROWD:,} pods that fit nowhere come, another one ends, they are listed and watched", told(daemon)
    daemon.kill()
    daemon.start()
    time.sleep(2)
    yield f"start with these {CROWD:,} pods", told(daemon)
    daemon.cli("delete", "deployment", "crowd")
    wait_for_none(daemon)
    yield "their Deployment is deleted", told(daemon)
    daemon.stop()
    daemon.start()
    daemon.cli("create", "namespace", "crowd")
    make(daemon, "crowd", CROWD, '{"disk": "none"}', "crowd")
    wait_for_crowd(daemon, CROWD, "crowd")
    request(daemon, "DELETE", "/api/v1/namespaces/crowd/pods?labelSelector=app%3Dnobody")
    request(daemon, "DELETE", "/api/v1/namespaces/crowd")

    def gone():
        return "crowd" not in daemon.cli("get", "namespaces", "-o", "name")
    world.wait_for(gone, 300, 1)
    yield "their namespace is deleted", told(daemon)
    daemon.stop()
    daemon.forget()


JOB = """apiVersion: batch/v1
kind: Job
metadata: {{name: many}}
spec:
  completions: {completions}
  parallelism: {parallelism}
  template:
    spec:
      restartPolicy: Never
      containers:
      - {{name: started, image: "started:1", imagePullPolicy: IfNotPresent, args: [end]}}
"""


def job(daemon, archive, completions, parallelism):
    """Pods a second of a Job of pods that end at once, and the longest turn meanwhile."""
    daemon.start()
    daemon.cli("image", "import", archive)
    manifest = daemon.directory / "job.yaml"
    manifest.write_text(JOB.format(completions=completions, parallelism=parallelism))
    begun = time.monotonic()
    daemon.cli("apply", "-f", manifest)

    def complete():
        said = json.loads(request(daemon, "GET", "/apis/batch/v1/namespaces/default/jobs/many")).get("status", {})
        return any(c["type"] == "Complete" and c["status"] == "True" for c in said.get("conditions", []))
    world.wait_for(complete, 900, 0.2)
    rate, longest = completions / (time.monotonic() - begun), told(daemon)
    daemon.stop()
    daemon.forget()
    return rate, longest


def all_ready(daemon, count):
    def ready():
        said = json.loads(request(daemon, "GET", "/apis/apps/v1/namespaces/default/deployments/many"))
        return said.get("status", {}).get("readyReplicas") == count
    world.wait_for(ready, 300, 0.5)


def memory_and_restart(daemon, archive):
    """Private memory of the daemon in KB: before, with the pods, after; and the milliseconds of restarts after kill -9."""
    daemon.start()
    daemon.cli("image", "import", archive)
    make(daemon, "many", 1)
    all_ready(daemon, 1)  # what the first pod brings is not a pod's
    time.sleep(10)
    before = world.private_kb(daemon.process.pid)
    daemon.cli("scale", "deployment", "many", f"--replicas={RUNNING + 1}")
    all_ready(daemon, RUNNING + 1)
    time.sleep(10)
    with_pods = world.private_kb(daemon.process.pid)
    daemon.cli("scale", "deployment", "many", "--replicas=1")
    world.wait_for(lambda: len(pods(daemon)) == 1, 120, 0.5)
    time.sleep(10)
    after = world.private_kb(daemon.process.pid)
    daemon.cli("scale", "deployment", "many", f"--replicas={RUNNING + 1}")
    all_ready(daemon, RUNNING + 1)
    restarts = []
    for _ in range(5):
        with load(daemon):
            time.sleep(1)
            daemon.kill()
            restarts.append(daemon.start())
    all_ready(daemon, RUNNING + 1)
    longest = told(daemon)
    daemon.cli("delete", "deployment", "many")
    wait_for_none(daemon)
    daemon.stop()
    daemon.forget()
    return before, with_pods, after, restarts, longest


class load:
    """Somebody who writes all the time."""

    def __init__(self, daemon):
        self.daemon, self.stopping = daemon, False

    def write(self):
        number = 0
        while not self.stopping:
            number += 1
            body = json.dumps({"metadata": {"name": "load"}, "data": {"n": str(number)}})
            try:
                request(self.daemon, "PUT" if number > 1 else "POST",
                        "/api/v1/namespaces/default/configmaps" + ("/load" if number > 1 else ""), body, 5)
            except (OSError, RuntimeError, http.client.HTTPException):
                time.sleep(0.01)

    def __enter__(self):
        self.thread = threading.Thread(target=self.write)
        self.thread.start()

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()
