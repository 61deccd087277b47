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


def measure(directory, archive, image, manifest, pod, container, rounds):
    """{'start_ms', 'pod_kb'} or a string that says why not."""
    missing = [name for name in ("podman", "conmon", "crun") if not shutil.which(name)]
    if missing:
        return "not installed: " + ", ".join(missing)
    try:
        # crun takes a v2 tree without controllers for the real one; this box's mounts are its own.
        if os.path.ismount("/sys/fs/cgroup/unified"):
            subprocess.run(["umount", "/sys/fs/cgroup/unified"], check=True)
        podman = Podman(directory)
        podman("load", "-i", archive)
        podman("tag", f"localhost/{image}", image)
        start = statistics.median(podman.start_times_ms(manifest, pod, container, rounds))
        podman("kube", "play", manifest)
        time.sleep(2)
        helpers = [pid for pid, words in world.processes().items() if "conmon" in words or "catatonit" in words or "/pause" in words]
        memory = sum(world.pss_kb(pid) for pid in helpers)
        podman("kube", "down", manifest)
        return {"start_ms": start, "pod_kb": memory}
    except (subprocess.CalledProcessError, TimeoutError) as error:
        said = getattr(error, "stderr", "") or str(error)
        return "does not run here: " + said.strip().splitlines()[-1][:160]
