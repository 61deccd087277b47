"""The whole daemon in a memory cgroup of 10 MB, its own program's pages and the kernel's memory for it included."""
import os
import pathlib
import shutil
import time

import crowd
import world

LIMIT_BYTES = 10_000_000
CONFIG_MAPS = 100


class Cgroup:
    """A memory cgroup with a limit, of version 1 or 2. Read back: how often a page had to come from the disk."""

    def __init__(self, name):
        one = pathlib.Path("/sys/fs/cgroup/memory")
        is_one = one.is_dir()
        self.path = (one if is_one else pathlib.Path("/sys/fs/cgroup")) / os.environ["BOX_CGROUP"].lstrip("/") / name
        if not is_one:
            (self.path.parent / "cgroup.subtree_control").write_text("+memory")
        self.path.mkdir()
        (self.path / ("memory.limit_in_bytes" if is_one else "memory.max")).write_text(str(LIMIT_BYTES))
        self.usage = self.path / ("memory.usage_in_bytes" if is_one else "memory.current")

    def join(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def read_back(self):
        return int(next(line.split()[1] for line in (self.path / "memory.stat").read_text().splitlines()
                        if line.startswith("pgmajfault ")))


def measure(program, directory, image, manifest, seconds):
    """(ready_ms, restart_ms, pages read back in all, the same in `seconds` of quiet, longest turn) of a daemon that serves a
    manifest and some objects. The program is a fresh copy, so that its pages count."""
    directory.mkdir()
    copy = directory / "orilla"
    shutil.copy(program, copy)
    with open(copy, "rb") as file:  # a page counts for whoever reads it first
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    cgroup = Cgroup("small")
    daemon = world.Daemon(copy, directory / "daemon", cgroup)
    ready = daemon.start()
    tell = lambda *words: world.run(program, *words, env=daemon.environment)  # noqa: E731
    tell("image", "import", image)
    tell("apply", "-f", manifest)
    tell("rollout", "status", "deployment/web", "--timeout=60s")
    for number in range(CONFIG_MAPS):
        crowd.request(daemon, "POST", "/api/v1/namespaces/default/configmaps",
                      '{"metadata": {"name": "c%d"}, "data": {"key": "%s"}}' % (number, "x" * 2000))
    time.sleep(20)
    in_all = cgroup.read_back()
    time.sleep(seconds)
    quiet = cgroup.read_back() - in_all
    longest = crowd.told(daemon)
    daemon.kill()
    restart = daemon.start()
    tell("delete", "-f", manifest)
    daemon.stop()
    return ready, restart, in_all, quiet, longest
