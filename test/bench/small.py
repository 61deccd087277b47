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


def start_in_small_memory(program, directory, name):
    """(daemon, its cgroup, milliseconds until it was ready). The program is a fresh copy, so that its pages count."""
    directory.mkdir()
    copy = directory / "orilla"
    shutil.copy(program, copy)
    with open(copy, "rb") as file:  # a page counts for whoever reads it first
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    cgroup = Cgroup(name)
    daemon = world.Daemon(copy, directory / "daemon", cgroup)
    return daemon, cgroup, daemon.start()


def measure_quiet(program, directory, archives, manifests, ready, supervisors, seconds):
    """(bytes written, wakeups, pages read back, longest turn) of a daemon and its supervisors in `seconds` of quiet, once
    everything that the manifests ask for runs. `ready(daemon)` says when; `supervisors(daemon)` are their pids."""
    daemon, cgroup, _ = start_in_small_memory(program, directory, "whole")
    world.run("mount", "-t", "tmpfs", "log", "/var/log")  # this box's own
    os.symlink(daemon.directory / "data/logs", "/var/log/pods")
    for archive in archives:
        daemon.cli("image", "import", archive)
    daemon.cli("apply", "-f", manifests)
    world.wait_for(lambda: ready(daemon), 300, 1)
    time.sleep(90)  # statuses are on disk, and what the start has read has been let go of
    watched = [daemon.process.pid, *supervisors(daemon)]
    observe = lambda: (world.written_bytes(watched), sum(map(world.wakeups, watched)), cgroup.read_back())  # noqa: E731
    before = observe()
    time.sleep(seconds)
    written, woken, read = (now - then for now, then in zip(observe(), before))
    longest = crowd.told(daemon)
    daemon.cli("delete", "namespace", "wordpress")
    daemon.stop()
    return written, woken, read, longest


def measure(program, directory, image, manifest, seconds):
    """(ready_ms, restart_ms, pages read back in all, the same in `seconds` of quiet, longest turn) of a daemon that serves a
    manifest and some objects."""
    daemon, cgroup, ready = start_in_small_memory(program, directory, "small")
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
