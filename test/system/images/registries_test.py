#!/usr/bin/env python3
"""Pulls from registries that break, lie and redirect, and from a real one: registries_test.py IMAGES_TOOL [TEST...]"""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import images_box
from fake_registry import FakeRegistry
from images_box import Box
from oci_images import Image, layer, member, write_layout


class Registries(Box):
    """Against the fake one: what a network and a hostile registry do."""

    def setUp(self):
        super().setUp()
        self.big = Image(layer("small"), layer(member("big", content=os.urandom(3 << 20))), how="none")
        self.registry = FakeRegistry({"app:1": self.big})
        self.addCleanup(self.registry.close)
        self.name = self.registry.host + "/app:1"

    def pull(self, *words):
        return self.good("--insecure", self.registry.host, *words, "pull", self.name)

    def pull_fails(self, code):
        return self.bad(code, "--insecure", self.registry.host, "pull", self.name)

    def test_a_broken_download_goes_on_where_it_broke(self):
        self.registry.break_after = 700_000
        self.pull()
        ranges = [headers["Range"] for path, headers in self.registry.requests if "Range" in headers]
        self.assertGreaterEqual(len(ranges), 4)
        total = sum(len(data) for data in self.big.blobs.values() if len(data) > 100_000)
        self.assertLess(self.registry.sent_bytes, total + 300_000)
        with open(self.roots(self.name)[0] + "/big", "rb") as file:
            self.assertEqual(len(file.read()), 3 << 20)
        self.assert_nothing_left()

    def test_a_registry_without_ranges_starts_over(self):
        self.registry.break_after, self.registry.breaks_left, self.registry.ranges = 700_000, 2, False
        self.pull()

    def test_a_registry_that_always_breaks_is_given_up(self):
        self.registry.break_after = 0
        self.assertIn("layer sha256:", self.pull_fails("unavailable"))
        self.assertEqual(self.good("list"), [])

    def test_server_errors_are_tried_again_and_404_is_not(self):
        self.registry.status_for = {"/manifests/1": [503, 500]}
        self.pull()
        self.registry.requests.clear()
        self.name = self.registry.host + "/app:2"
        said = self.pull_fails("not_found")
        self.assertEqual(said, 'failed to pull and unpack image "%s": %s: not found' % (self.name, self.name))
        self.assertEqual(len(self.registry.requests), 1)

    def test_a_killed_daemon_leaves_nothing_half_and_resumes(self):
        self.registry.bytes_per_second = 1_500_000
        daemon = subprocess.Popen([images_box.TOOL, "--dir", self.dir, "--insecure", self.registry.host, "pull", self.name])
        deadline = time.monotonic() + 20
        while self.registry.sent_bytes < 1_000_000 and time.monotonic() < deadline:
            time.sleep(0.02)
        with open("/proc/%d/task/%d/children" % (daemon.pid, daemon.pid)) as file:
            (puller,) = file.read().split()
        self.check_confined(int(puller))
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        time.sleep(0.3)
        self.assertTrue(self.has_ended(puller), "the puller outlived its daemon")
        self.assertEqual(self.good("list"), [])
        self.registry.bytes_per_second, before = None, self.registry.sent_bytes
        self.pull()
        self.assertLess(self.registry.sent_bytes - before, 2_600_000)
        self.assert_nothing_left()

    def has_ended(self, pid):
        """Gone, or a zombie where nobody reaps orphans."""
        try:
            with open("/proc/%s/stat" % pid) as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    def check_confined(self, pid):
        with open("/proc/%d/status" % pid) as file:
            status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
        self.assertEqual(status["Uid"].split(), ["65534"] * 4)
        self.assertEqual(status["Groups"].strip(), "")
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["CapBnd"], "0" * 16)
        self.assertEqual(status["CapPrm"], "0" * 16)
        self.assertEqual(status["Seccomp"], "2")
        names = [os.readlink("/proc/%d/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%d/fd" % pid)]
        files = [name for name in names if name.startswith("/") and not name.startswith(("/dev/null", self.dir + "/blobs"))]
        self.assertLessEqual(len(files), 1, names)  # stderr may be a file

    def test_a_wrong_digest_is_refused(self):
        key = self.big.layers[1]["digest"]
        good = self.registry.blobs[key]
        self.registry.blobs[key] = b"x" + good[1:]
        said = self.pull_fails("corrupt")
        self.assertIn("layer %s: digest is sha256:" % key, said)
        self.registry.blobs[key] = good + b"more"
        self.assertIn("larger than", self.pull_fails("corrupt"))
        self.registry.blobs[key] = good
        manifest = self.big.manifest["digest"]
        self.name = "%s/app@%s" % (self.registry.host, manifest)
        self.registry.blobs[manifest] += b" "
        self.assertIn("digest is", self.pull_fails("corrupt"))
        self.assertEqual(os.listdir(self.dir + "/layers"), [])

    def test_pull_by_digest_and_again(self):
        self.name = "%s/app@%s" % (self.registry.host, self.big.manifest["digest"])
        (seen,) = self.pull()
        self.assertEqual((seen["names"], seen["repo_digests"]), ([], [self.name]))
        self.registry.sent_bytes = 0
        index = os.stat(self.dir + "/index.json").st_mtime_ns
        self.pull()
        self.assertLess(self.registry.sent_bytes, 1000)
        self.assertEqual(os.stat(self.dir + "/index.json").st_mtime_ns, index)

    def test_redirects_lose_the_password_and_reach_no_metadata(self):
        other = FakeRegistry({"x:1": self.big})
        self.addCleanup(other.close)
        # Another host by name: this one's own address, under which the registry is not known.
        self.registry.redirect_blobs = lambda key: "http://localhost:%s/v2/x/blobs/%s" % (other.host.split(":")[1], key)
        self.assertIn("redirects to localhost:", self.pull_fails("forbidden"))
        for target in ("http://169.254.169.254/latest/meta-data", "https://169.254.169.254/x", "https://[fe80::1]/x",
                       "https://0.0.0.0/x", "file:///etc/shadow"):
            self.registry.redirect_blobs = lambda key, to=target: to
            self.pull_fails("forbidden")
        self.registry.redirect_blobs = lambda key: "/v2/app/blobs/" + key
        self.assertIn("too many redirects", self.pull_fails("corrupt"))

    def test_plain_http_only_where_it_is_configured(self):
        self.bad("unavailable", "pull", self.name)
        self.assertEqual(self.registry.requests, [])

    def test_parallel_and_progress(self):
        layers = [layer(member("f%d" % i, content=os.urandom(400_000))) for i in range(6)]
        wide = FakeRegistry({"wide:1": Image(*layers, how="none")})
        self.addCleanup(wide.close)
        wide.bytes_per_second = 2_000_000
        done = self.run_tool("--insecure", wide.host, "--progress", "pull", wide.host + "/wide:1")
        self.assertEqual(done.returncode, 0, done.stderr)
        steps = [line.split() for line in done.stderr.splitlines() if line.startswith("progress ")]
        self.assertEqual(len([s for s in steps if s[1] == "done"]), 6)
        first = [s[2] for s in steps if s[1] == "downloading"][:6]
        self.assertGreaterEqual(len(set(first)), 3, "one blob after the other")

    def test_not_an_image(self):
        image = Image(layer("a"))
        image.config["mediaType"] = "application/vnd.something.else+json"
        image.manifest = image.put_json({"schemaVersion": 2, "config": image.config, "layers": image.layers},
                                        image.manifest["mediaType"])
        odd = FakeRegistry({"odd:1": image})
        self.addCleanup(odd.close)
        self.assertIn("not a container image", self.bad("unsupported", "--insecure", odd.host, "pull", odd.host + "/odd:1"))


class RealRegistry(Box):
    """Against docker-registry, with every kind of authentication."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which("docker-registry"):
            raise unittest.SkipTest("docker-registry is not installed")
        cls.reg = tempfile.mkdtemp(prefix="orilla-registry-")
        cls.processes = []
        cls.ports = {}
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../support/registry.sh")
        for number, mode in enumerate(("plain", "tls", "htpasswd", "token")):
            port = 5400 + os.getpid() % 500 * 8 + number * 2
            cls.ports[mode] = port
            cls.processes.append(subprocess.Popen([script, mode, str(port), cls.reg], stdout=subprocess.DEVNULL,
                                                  stderr=subprocess.DEVNULL, start_new_session=True))
            cls.wait_for(port)
            if mode == "token":
                cls.wait_for(port + 1)
        source = write_layout(cls.reg + "/layout", {"img:1": Image(layer("a"), layer("b"), how="zstd")})
        for repo in ("public/img", "private/img"):
            subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", "oci:" + source + ":img:1",
                            "docker://127.0.0.1:%d/%s:1" % (cls.ports["plain"], repo)], check=True)

    @classmethod
    def wait_for(cls, port):
        import socket
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("nothing listens on port %d" % port)

    @classmethod
    def tearDownClass(cls):
        for process in cls.processes:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        shutil.rmtree(cls.reg, ignore_errors=True)

    def image(self, mode, repo="public/img"):
        return "127.0.0.1:%d/%s:1" % (self.ports[mode], repo)

    def trusted(self, mode):
        return ("--ca", "127.0.0.1:%d=%s/ca.crt" % (self.ports[mode], self.reg))

    def secret(self, user, password, key):
        path = self.tmp + "/secret.json"
        with open(path, "w") as out:
            json.dump({"auths": {key: {"username": user, "password": password}}}, out)
        return "--config", path

    def test_plain(self):
        host = "127.0.0.1:%d" % self.ports["plain"]
        (seen,) = self.good("--insecure", host, "pull", self.image("plain"))
        self.assertEqual(seen["names"], [self.image("plain")])
        self.assertEqual(len(self.roots(self.image("plain"))), 2)
        local = "localhost:%d" % self.ports["plain"]
        (seen,) = self.good("--insecure", local, "pull", local + "/public/img:1")
        self.assertEqual(seen["names"], [local + "/public/img:1"])
        self.assertEqual(sorted(self.good("list")[0]["names"]), [self.image("plain"), local + "/public/img:1"])

    def test_tls(self):
        self.good(*self.trusted("tls"), "pull", self.image("tls"))
        self.assertIn("certificate", self.bad("unavailable", "pull", self.image("tls")))

    def test_basic(self):
        image, host = self.image("htpasswd"), "127.0.0.1:%d" % self.ports["htpasswd"]
        trust = self.trusted("htpasswd")
        self.assertIn("no basic auth credentials", self.bad("unauthorized", *trust, "pull", image))
        self.assertIn("refuses the user name or password",
                      self.bad("unauthorized", *trust, "--login", host + "=user:wrong", "pull", image))
        self.good(*trust, "--login", host + "=user:s3cret", "pull", image)
        self.good(*trust, *self.secret("user", "s3cret", "https://" + host + "/v2/"), "pull", image)
        self.bad("unauthorized", *trust, *self.secret("user", "s3cret", "other.example"), "pull", image)

    def test_token(self):
        trust, host = self.trusted("token"), "127.0.0.1:%d" % self.ports["token"]
        self.good(*trust, "pull", self.image("token"))
        private = self.image("token", "private/img")
        self.assertIn("pull access denied", self.bad("unauthorized", *trust, "pull", private))
        self.assertIn("refuses the user name or password",
                      self.bad("unauthorized", *trust, "--login", host + "=user:no", "pull", private))
        self.good(*trust, *self.secret("user", "s3cret", host + "/private"), "pull", private)
        self.bad("unauthorized", *trust, *self.secret("user", "s3cret", host + "/elsewhere"), "pull", private)


if __name__ == "__main__":
    images_box.main()
