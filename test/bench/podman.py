"""The peer: podman with conmon and crun from Debian, doing the same work in the same box; absent where it cannot run."""
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import time

import world


class Podman:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        config = self.directory / "containers.conf"
        # The pause container asks for limits of its own, which fail where they are above ours.
        files, tasks = (resource.getrlimit(which)[1] for which in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC))
        tasks = min(tasks, 32768) if tasks > 0 else 32768
        config.write_text(f'[containers]\ndefault_ulimits = ["nofile={files}:{files}", "nproc={tasks}:{tasks}"]\n'
                          '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n')
        self.environment = {**os.environ, "CONTAINERS_CONF": str(config), "XDG_RUNTIME_DIR": "/run", "TMPDIR": str(self.directory)}

    def __call__(self, *words):
        return world.run("podman", "--root", self.directory / "root", "--runroot", "/run/podman-bench", "--log-level", "error",
                         *words, env=self.environment)

    def start_times_ms(self, manifest, pod, container, rounds):
        """From the exec of `podman kube play` to the container's first instruction, once a round."""
        times = []
        for _ in range(rounds):
            begun = time.time_ns()
            self("kube", "play", manifest)
            line = world.wait_for(lambda: self("logs", f"{pod}-{container}").strip(), 10, 0.01)
            times.append((int(line.split()[-1]) - begun) / 1e6)
            self("kube", "down", manifest)
        return times


# The two pods of examples/wordpress, as podman can have them: in the box's network, because Debian's has no names without a
# further program, and on directories, because it makes no volume that belongs to a user of the image.
SITE = """apiVersion: v1
kind: Pod
metadata:
  name: mariadb
spec:
  hostNetwork: true
  containers:
  - name: mariadb
    image: mariadb:1
    env:
    - {name: MARIADB_ROOT_PASSWORD, value: root}
    - {name: MARIADB_DATABASE, value: wordpress}
    - {name: MARIADB_USER, value: wordpress}
    - {name: MARIADB_PASSWORD, value: password}
    volumeMounts:
    - {name: data, mountPath: /var/lib/mysql}
  volumes:
  - {name: data, hostPath: {path: DIRECTORY/data}}
---
apiVersion: v1
kind: Pod
metadata:
  name: wordpress
spec:
  hostNetwork: true
  containers:
  - name: wordpress
    image: wordpress:1
    env:
    - {name: WORDPRESS_DB_HOST, value: 127.0.0.1}
    - {name: WORDPRESS_DB_PASSWORD, value: password}
    volumeMounts:
    - {name: uploads, mountPath: /usr/share/wordpress/wp-content/uploads}
  volumes:
  - {name: uploads, hostPath: {path: DIRECTORY/uploads}}
"""


def site_seconds(directory, archives, answers, rounds):
    """From the exec of `podman kube play` to `answers`, each time on empty directories; or a string that says why not."""
    def play(podman):
        for image, archive in archives.items():
            podman("pull", f"oci-archive:{archive}:{image}")  # by name, because one archive holds two
            podman("tag", f"localhost/{image}", image)
        times = []
        for number in range(rounds):
            place = pathlib.Path(directory) / f"site-{number}"
            for name in ("data", "uploads"):
                (place / name).mkdir(parents=True)
                (place / name).chmod(0o777)
            manifest = place / "site.yaml"
            manifest.write_text(SITE.replace("DIRECTORY", str(place)))
            begun = time.monotonic()
            podman("kube", "play", manifest)
            world.wait_for(answers, 60, 0.02)
            times.append(time.monotonic() - begun)
            podman("kube", "down", manifest)
        return statistics.median(times)
    return in_place_of_orilla(directory, play)


def in_place_of_orilla(directory, work):
    """What `work(podman)` gives, or a string that says why podman cannot."""
    missing = [name for name in ("podman", "conmon", "crun") if not shutil.which(name)]
    if missing:
        return "not installed: " + ", ".join(missing)
    try:
        # crun takes a v2 tree without controllers for the real one; this box's mounts are its own.
        if os.path.ismount("/sys/fs/cgroup/unified"):
            subprocess.run(["umount", "/sys/fs/cgroup/unified"], check=True)
        return work(Podman(directory))
    except (subprocess.CalledProcessError, TimeoutError) as error:
        said = getattr(error, "stderr", "") or str(error)
        return "does not run here: " + said.strip().splitlines()[-1][:160]


def measure(directory, archive, image, manifest, pod, container, rounds):
    """{'start_ms', 'pod_kb'} or a string that says why not."""
    def play(podman):
        podman("load", "-i", archive)
        podman("tag", f"localhost/{image}", image)
        start = statistics.median(podman.start_times_ms(manifest, pod, container, rounds))
        podman("kube", "play", manifest)
        time.sleep(2)
        helpers = [pid for pid, words in world.processes().items() if "conmon" in words or "catatonit" in words or "/pause" in words]
        memory = sum(world.pss_kb(pid) for pid in helpers)
        podman("kube", "down", manifest)
        return {"start_ms": start, "pod_kb": memory}
    return in_place_of_orilla(directory, play)
