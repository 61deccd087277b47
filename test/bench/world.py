"""What the figures are taken in: a daemon in this box, its processes, and requests to it."""
import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import time

READY_S_MAX = 20


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=5)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **options).stdout


def wait_for(condition, seconds_max, step_s=0.002):
    """The first true value of `condition`; raises when it takes too long."""
    end = time.monotonic() + seconds_max
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(step_s)
    raise TimeoutError(f"{condition.__name__} was not true within {seconds_max} s")


class Daemon:
    """`orilla serve` on a data directory of its own."""

    def __init__(self, program, directory, cgroup=None):
        self.program, self.directory, self.cgroup = program, pathlib.Path(directory), cgroup
        self.socket = str(self.directory / "orilla.sock")
        self.environment = {**os.environ, "ORILLA_SOCKET": self.socket}
        self.process = None

    def start(self):
        """Milliseconds from exec to a 200 of /readyz."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.directory / "log", "ab") as log:
            begun = time.monotonic()
            self.process = subprocess.Popen(
                [self.program, "serve", "--data-dir", self.directory / "data", "--run-dir", self.directory / "run",
                 "--socket", self.socket, "--node-name", "bench", "--manifests", self.directory / "manifests",
                 "--cgroup-root", os.environ["BOX_CGROUP"] + "/orilla"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=self.cgroup.join if self.cgroup else None)
        wait_for(self.is_ready, READY_S_MAX, 0.0005)
        return (time.monotonic() - begun) * 1000

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError("orilla serve ended:\n" + (self.directory / "log").read_text()[-2000:])
        try:
            connection = UnixConnection(self.socket)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def kill(self):
        """As a crash would; what it leaves is the next one's."""
        self.process.kill()
        self.process.wait(30)

    def forget(self):
        shutil.rmtree(self.directory)

    def cli(self, *words):
        return run(self.program, *words, env=self.environment)


def pss_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def private_kb(pid):
    """What the process has written: pages of the program's text that nobody else maps right now can be had again."""
    return sum(int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
               if line.startswith("Private_Dirty:"))


def processes():
    """pid -> command line of everything in this box's process namespace."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                pass
    return found


def descendants(root):
    """Pids of a process and of everything below it, the containers of pods and their supervisors included."""
    parents = {}
    for pid in processes():
        try:
            parents[pid] = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    tree, grown = {root}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in tree} - tree
        tree |= more
        grown = bool(more)
    return tree


def processor_ns(pid):
    """Of all its threads, also of those that have ended: the clock that the kernel keeps for a process."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def wakeups(pid):
    """How often its threads have gone to sleep and come back."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                total += int(line.split()[1])
    return total


def written_bytes(pids):
    """What these processes have handed to the disks."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines():
            if line.startswith("write_bytes:"):
                total += int(line.split()[1])
    return total
