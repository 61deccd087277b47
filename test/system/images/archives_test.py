#!/usr/bin/env python3
"""Archives and their layers, good and hostile, and how images are kept: archives_test.py IMAGES_TOOL [TEST...]"""
import os
import stat
import subprocess
import time

import images_box
from images_box import Box
from oci_images import ARCH, Image, layer, member, write_layout


class Archives(Box):
    def test_oci_archive_with_each_compression(self):
        for how in ("none", "gzip", "zstd"):
            image = Image(layer("bin/", "bin/" + how), how=how, config={"Entrypoint": ["/x"], "Cmd": ["y"], "Env": ["A=b"],
                          "WorkingDir": "/w", "User": "1:2", "StopSignal": "SIGQUIT", "ExposedPorts": {"80/tcp": {}},
                          "Volumes": {"/v": {}}, "Labels": {"l": "m"}})
            (seen,) = self.good("import", self.archive(**{"app-" + how + ":1": image}))
            self.assertEqual(seen["names"], ["docker.io/library/app-%s:1" % how])
            self.assertEqual(seen["id"], image.config["digest"])
            self.assertEqual(seen["repo_digests"], ["docker.io/library/app-%s@%s" % (how, image.manifest["digest"])])
            self.assertEqual(seen["config"], {
                "entrypoint": ["/x"], "cmd": ["y"], "env": ["A=b"], "working_dir": "/w", "user": "1:2",
                "stop_signal": "SIGQUIT"})
            with open(self.roots("app-%s:1" % how)[0] + "/bin/" + how) as file:
                self.assertEqual(file.read(), "bin/" + how)
        self.assertEqual(len(self.good("list")), 3)
        self.assert_nothing_left()

    def test_directory_pipe_and_given_name(self):
        image = Image(layer("a"))
        layout = write_layout(self.tmp + "/layout", {"": image})
        self.assertIn("--name", self.bad("invalid", "import", layout))
        (seen,) = self.good("--name", "mine", "import", layout)
        self.assertEqual(seen["names"], ["docker.io/library/mine:latest"])
        with open(self.archive(image), "rb") as file:
            cat = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
            (seen,) = self.good("import", "-", stdin=cat.stdout)
            cat.stdout.close()
            cat.wait()
        # What this import named, not what it was known as before.
        self.assertEqual(seen["names"], ["docker.io/library/test:1"])
        self.assertEqual(self.good("list")[0]["names"], ["docker.io/library/mine:latest", "docker.io/library/test:1"])
        self.assert_nothing_left()

    def test_a_large_configuration(self):
        labels = {"Labels": {"l": "m" * (1 << 20)}, "Volumes": {"/" + "v" * (1 << 20): {}}}
        self.good("import", self.archive(**{"labels:1": Image(layer("a"), config=labels)}))
        self.assertLess(os.path.getsize(self.dir + "/index.json"), 10000)
        env = Image(layer("b"), config={"Env": ["A=" + "x" * (1 << 20)]})
        self.assertIn("larger than 256 KiB", self.bad("too_large", "import", self.archive(**{"env:1": env})))
        self.assert_nothing_left()

    def test_docker_archive(self):
        source = self.archive(Image(layer("a"), layer("b")))
        target = self.tmp + "/docker.tar"
        subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", "oci-archive:" + source,
                        "docker-archive:" + target + ":localhost:5000/x/y:2"], check=True)
        (seen,) = self.good("import", target)
        self.assertEqual(seen["names"], ["localhost:5000/x/y:2"])
        self.assertEqual(len(self.roots("localhost:5000/x/y:2")), 2)
        self.good("import", subprocess.run(["gzip", "-k", target]) and target + ".gz")
        self.assert_nothing_left()

    def test_several_images_share_layers(self):
        base = layer("base")
        self.good("import", self.archive(**{"one:1": Image(base, layer("x")), "two:1": Image(base, layer("y"))}))
        one, two = self.roots("one:1"), self.roots("two:1")
        self.assertEqual(one[1], two[1])
        self.assertEqual(len(os.listdir(self.dir + "/layers")), 3)
        self.assertIn("do not give one", self.bad("invalid", "--name", "x", "import", self.archive(
            **{"one:1": Image(base, layer("x")), "two:1": Image(base, layer("y"))})))

    def test_index_picks_this_machine(self):
        other = "arm64" if ARCH == "amd64" else "amd64"
        index = Image(layer("ours")).join(Image(layer("theirs"), arch=other), Image(layer("?"), arch="unknown"))
        self.good("import", self.archive(index))
        self.assertTrue(os.path.exists(self.roots()[0] + "/ours"))
        foreign = Image(layer("theirs"), arch=other).join(Image(layer("more"), arch="s390x"))
        self.assertIn("no matching manifest for linux/" + ARCH, self.bad("not_found", "import", self.archive(foreign)))
        self.assertIn("this machine is linux/" + ARCH,
                      self.bad("not_found", "import", self.archive(Image(layer("theirs"), arch=other))))

    def test_what_is_no_archive(self):
        junk = self.tmp + "/junk"
        with open(junk, "wb") as out:
            out.write(b"\1" * 4096)
        self.assertIn("checksum", self.bad("corrupt", "import", junk))
        open(junk, "w").close()
        self.assertIn("empty", self.bad("corrupt", "import", junk))
        with open(junk, "wb") as out:
            out.write(layer("a", "b"))
        self.assertIn("neither an OCI image layout", self.bad("unsupported", "import", junk))
        with open(self.archive(Image(layer("a" * 9))), "rb") as whole, open(junk, "wb") as out:
            out.write(whole.read()[:2500])
        self.assertIn("unexpected end", self.bad("corrupt", "import", junk))
        self.assertEqual(self.good("list"), [])
        self.assert_nothing_left()


class Layers(Box):
    def test_attributes(self):
        capability = b"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        pax = {"SCHILY.xattr.user.note": "hi", "SCHILY.xattr.trusted.bad": "x", "SCHILY.xattr.user.overlay.opaque": "y",
               "SCHILY.xattr.security.selinux": "x", "SCHILY.xattr.security.capability": capability.decode("latin-1")}
        (root,) = self.import_layers(layer(
            member("./", "dir", mode=0o751, mtime=1_600_000_000), member("d", "dir", mode=0o1777, uid=5, gid=6, mtime=1_500_000_000),
            member("d/su", content=b"x", mode=0o4755, uid=7, gid=8, mtime=1_400_000_000), member("x", content=b"y", pax=pax),
            member("pipe", "fifo", mode=0o620), member("null", "char", mode=0o666), member("l", "symlink", link="/d/su", uid=3),
            member("h", "link", link="d/su")))
        seen = os.stat(root + "/d/su")
        self.assertEqual((seen.st_mode & 0o7777, seen.st_uid, seen.st_gid, seen.st_mtime), (0o4755, 7, 8, 1_400_000_000))
        self.assertEqual(os.stat(root + "/h").st_ino, seen.st_ino)
        seen = os.stat(root + "/d")
        self.assertEqual((seen.st_mode & 0o7777, seen.st_uid, seen.st_gid, seen.st_mtime), (0o1777, 5, 6, 1_500_000_000))
        self.assertEqual((os.stat(root).st_mode & 0o7777, os.stat(root).st_mtime), (0o751, 1_600_000_000))
        self.assertEqual(os.readlink(root + "/l"), "/d/su")
        self.assertEqual(os.lstat(root + "/l").st_uid, 3)
        self.assertTrue(stat.S_ISFIFO(os.stat(root + "/pipe").st_mode))
        self.assertFalse(os.path.lexists(root + "/null"))
        self.assertEqual(sorted(os.listxattr(root + "/x")), ["security.capability", "user.note"])

    def test_a_leading_slash_is_the_layers_root(self):
        (root,) = self.import_layers(layer(member("/", "dir", mode=0o711)))
        self.assertEqual((os.stat(root).st_mode & 0o7777, os.listdir(root)), (0o711, []))
        top, low = self.import_layers(
            layer("/usr/", "/usr/bin/", "/usr/bin/gone", "usr/kept"),
            layer(".//", "/usr/bin/.wh.gone", "//usr/bin//x", "./usr/bin/y", member("/h", "link", link="/usr/bin/x"),
                  member("low", "link", link="//usr/kept"), "/opaque/", "/opaque/.wh..wh..opq", "usr/bin/x/"[:-1]))
        self.assertEqual(sorted(os.listdir(top)), ["h", "low", "opaque", "usr"])
        self.assertEqual(sorted(os.listdir(top + "/usr/bin")), ["gone", "x", "y"])
        self.assertTrue(stat.S_ISCHR(os.stat(top + "/usr/bin/gone").st_mode))
        self.assertEqual(os.getxattr(top + "/opaque", "trusted.overlay.opaque"), b"y")
        for path, text in {"/usr/bin/x": "usr/bin/x", "/h": "//usr/bin//x", "/low": "usr/kept"}.items():
            with open(top + path) as file:
                self.assertEqual(file.read(), text)
        self.assertTrue(os.path.isfile(low + "/usr/bin/gone"))

    def test_whiteouts_work_in_an_overlay(self):
        lower = layer("gone", "dir/", "dir/old", "kept", "deep/", "deep/er/", "deep/er/old", "turned/", "turned/old")
        upper = layer(".wh.gone", "dir/", "dir/.wh..wh..opq", "dir/new", "deep/", "deep/er/", "deep/er/.wh.old",
                      ".wh.turned", "turned/", "turned/new", ".wh..wh.plnk")
        roots = self.import_layers(lower, upper)
        for name in ("m", "u", "w"):
            os.mkdir(self.tmp + "/" + name)
        script = ("mount -t overlay overlay -o lowerdir=%s,upperdir=%s/u,workdir=%s/w %s/m && cd %s/m && find . | sort" %
                  (":".join(roots), self.tmp, self.tmp, self.tmp, self.tmp))
        found = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(found, [".", "./deep", "./deep/er", "./dir", "./dir/new", "./kept", "./turned", "./turned/new"])
        self.assertEqual(os.getxattr(roots[0] + "/dir", "trusted.overlay.opaque"), b"y")
        self.assertEqual(os.getxattr(roots[0] + "/dir", "user.overlay.opaque"), b"y")

    def test_opaque_root_hides_every_lower_layer(self):
        self.assertEqual(len(self.import_layers(layer("a"), layer(".wh..wh..opq", "b"), layer("c"))), 2)

    def test_missing_parents_are_those_of_the_layers_below(self):
        base = layer(member("tmp", "dir", mode=0o1777), member("usr", "dir", mode=0o755), member("usr/bin", "dir", mode=0o750, uid=9),
                     member("bin", "symlink", link="usr/bin"), member("usr/bin/tool", content=b"tool", mode=0o4711, uid=4))
        leaning = layer("tmp/x", "bin/y", "fresh/z", member("copy", "link", link="bin/tool"))
        roots = self.import_layers(base, leaning)
        self.assertTrue(roots[0].endswith("-c"), roots)
        self.assertEqual(os.stat(roots[0] + "/tmp").st_mode & 0o7777, 0o1777)
        self.assertFalse(os.path.lexists(roots[0] + "/bin"))
        self.assertTrue(os.path.exists(roots[0] + "/usr/bin/y"))
        seen = os.stat(roots[0] + "/usr/bin")
        self.assertEqual((seen.st_mode & 0o7777, seen.st_uid), (0o750, 9))
        seen = os.stat(roots[0] + "/copy")
        self.assertEqual((seen.st_mode & 0o7777, seen.st_uid, seen.st_size), (0o4711, 4, 4))
        # The same layer above another base is unpacked anew.
        shared = layer("tmp/shared")
        self.good("import", self.archive(**{"open:1": Image(base, shared), "shut:1": Image(layer("tmp/"), shared)}))
        modes = [os.stat(self.roots(name)[0] + "/tmp").st_mode & 0o7777 for name in ("open:1", "shut:1")]
        self.assertEqual(modes, [0o1777, 0o755])

    def test_later_entries_replace_earlier_ones(self):
        (root,) = self.import_layers(layer("a", member("a", content=b"second"), "d/", "d/x", member("d", content=b"file"),
                                           "s", member("s", "symlink", link="a"), "e/", "e/1", "e/", "e/2"))
        with open(root + "/a") as file:
            self.assertEqual(file.read(), "second")
        self.assertTrue(os.path.isfile(root + "/d"))
        self.assertEqual(os.readlink(root + "/s"), "a")
        self.assertEqual(sorted(os.listdir(root + "/e")), ["1", "2"])


class HostileLayers(Box):
    def refused(self, code, *members, **more):
        said = self.bad(code, "import", self.archive(Image(layer(*members), **more)))
        self.assertRegex(said, "layer sha256:[0-9a-f]{64}: ")
        self.assertEqual(self.good("list"), [])
        self.assertEqual(os.listdir(self.dir + "/layers"), [])
        self.assert_nothing_left()
        return said

    def test_names_that_lead_out(self):
        self.assertIn("entry ../x leads out of the layer", self.refused("corrupt", "../x"))
        self.assertIn("entry a/../../x leads out of the layer", self.refused("corrupt", "a/", "a/../../x"))
        self.assertIn("entry /../x leads out of the layer", self.refused("corrupt", "/../x"))
        self.assertIn("would replace the root directory", self.refused("corrupt", member("/", "symlink", link="/etc")))
        self.assertIn("which leads out of the layer", self.refused("corrupt", member("h", "link", link="../../etc/passwd")))
        self.assertIn("which leads out of the layer", self.refused("corrupt", member("h", "link", link="/../etc/passwd")))
        self.assertIn("which leads out of the layer", self.refused("corrupt", member("h", "link", link="/")))
        self.assertIn("which does not exist", self.refused("corrupt", member("h", "link", link="/etc/passwd")))
        self.assertIn("is not a valid whiteout", self.refused("corrupt", ".wh..."[:6]))

    def test_links_stay_inside(self):
        outside = self.tmp + "/outside"
        os.mkdir(outside)
        up = "../" * 40
        (root,) = self.import_layers(layer(
            member("abs", "symlink", link=outside), member("rel", "symlink", link=up + outside[1:]),
            member("proc", "symlink", link="/proc/self/root" + outside), "abs/evil", "rel/evil", "rel/.wh.x",
            member("loop", "symlink", link="loop2")))
        self.assertEqual(os.listdir(outside), [])
        self.assertTrue(os.path.exists(root + outside + "/evil"))
        self.assertIn("links", self.refused_beside("corrupt_or_system", member("l", "symlink", link="m"),
                                                   member("m", "symlink", link="l"), "l/x"))

    def refused_beside(self, _, *members):
        done = self.run_tool("import", self.archive(**{"beside:1": Image(layer(*members))}))
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def test_limits(self):
        self.assertIn("nested deeper than 128", self.refused("corrupt", "/".join("d" * 130)))
        self.assertIn("longer than 255 bytes", self.refused("corrupt", "n" * 256))
        self.assertIn("expands to more than 250 times", self.refused("too_large", member("zero", content=bytes(300 << 20))))

    def test_digests_are_checked(self):
        self.assertIn("uncompressed digest is sha256:", self.refused("corrupt", "a", diff_ids=["sha256:" + "0" * 64]))
        image = Image(layer("a"))
        key = image.layers[0]["digest"]
        image.blobs[key] = image.blobs[key][:-1] + b"x"
        self.assertIn("blob %s: its digest is" % key, self.bad("corrupt", "import", self.archive(image)))
        self.assert_nothing_left()

    def test_broken_compression(self):
        image = Image(layer("a" * 200))
        data = image.blobs[image.layers[0]["digest"]][:-20]
        descriptor = image.put(data, image.layers[0]["mediaType"])
        image.layers[0].update(descriptor)
        image.manifest = image.put_json({"schemaVersion": 2, "config": image.config, "layers": image.layers},
                                        image.manifest["mediaType"])
        self.assertIn("gzip: unexpected end of data", self.bad("corrupt", "import", self.archive(image)))
        self.assert_nothing_left()


class Keeping(Box):
    def setUp(self):
        super().setUp()
        self.base = layer("base")
        self.good("import", self.archive(**{"one:1": Image(self.base, layer("x")), "two:1": Image(self.base, layer("y"))}))

    def test_in_use_is_never_removed(self):
        self.assertIn("in use by a pod", self.bad("conflict", "--use", "one:1", "remove", "one:1"))
        self.assertIn("in use by a pod", self.bad("conflict", "--use", "one:1", "remove", self.good("find", "one:1")[0]["id"]))
        done = self.good("--use", "one:1", "prune", "all")
        self.assertEqual(done[0], "untagged docker.io/library/two:1")
        self.assertTrue(all(map(os.path.exists, self.roots("one:1"))))
        self.assertEqual(len(os.listdir(self.dir + "/layers")), 2)
        self.assert_nothing_left()

    def test_a_name_that_a_pod_says_stays(self):
        self.good("import", self.archive(**{"alias:1": Image(self.base, layer("x"))}))
        self.assertIn("in use by a pod", self.bad("conflict", "--use", "one:1", "remove", "one:1"))
        self.assertEqual(self.good("--use", "one:1", "remove", "alias:1")[0], "untagged docker.io/library/alias:1")
        self.assertIn("in use by a pod", self.bad("conflict", "--use", "one:1", "remove", "one:1"))

    def test_remove_by_name_digest_and_prefix(self):
        (two,) = self.good("find", "two:1")
        self.assertEqual(self.good("find", two["repo_digests"][0])[0]["id"], two["id"])
        self.assertEqual(self.good("find", two["id"][7:19])[0]["id"], two["id"])
        self.good("remove", two["id"][7:19])
        self.assertIn('image "two:1" not found', self.bad("not_found", "remove", "two:1"))
        self.good("remove", "one:1")
        self.assertEqual((self.good("list"), os.listdir(self.dir + "/layers")), ([], []))

    def test_a_name_moves_to_the_newer_image(self):
        before = self.good("find", "one:1")[0]
        self.good("import", self.archive(**{"one:1": Image(self.base, layer("newer"))}))
        self.assertNotEqual(self.good("find", "one:1")[0]["id"], before["id"])
        self.assertEqual(self.good("find", before["id"])[0]["names"], [])
        self.assertIn("deleted " + before["id"], self.good("prune"))

    def test_a_damaged_index_loses_names_not_layers(self):
        with open(self.dir + "/index.json", "w") as out:
            out.write("{broken")
        self.assertEqual(self.good("list"), [])
        self.assertEqual(len(os.listdir(self.dir + "/layers")), 3)
        self.assertTrue(os.path.exists(self.dir + "/index.json.broken"))

    def test_what_a_crash_left_is_collected(self):
        for part, name in (("work", "7"), ("layers", "f" * 64), ("trash", "t9-x")):
            os.makedirs("%s/%s/%s/sub" % (self.dir, part, name))
        self.good("prune")
        self.assert_nothing_left()
        self.assertEqual(len(os.listdir(self.dir + "/layers")), 3)

    def test_what_a_killed_import_left_goes_at_the_next_start(self):
        image = Image(layer(member("one", content=os.urandom(1 << 20))), layer(member("two", content=os.urandom(4 << 20))))
        with open(self.archive(image), "rb") as file:
            archive = file.read()
        daemon = subprocess.Popen([images_box.TOOL, "--dir", self.dir, "import", "-"], stdin=subprocess.PIPE)
        daemon.stdin.write(archive[:len(archive) * 3 // 5])
        daemon.stdin.flush()
        blobs = self.dir + "/blobs"
        deadline = time.monotonic() + 10
        while not any(name.startswith("new.") for name in os.listdir(blobs)) and time.monotonic() < deadline:
            time.sleep(0.02)
        daemon.kill()
        daemon.wait()
        daemon.stdin.close()
        time.sleep(0.3)
        partial = blobs + "/" + "a" * 64 + ".partial"
        with open(partial, "w") as file:
            file.write("of a pull")
        self.assertTrue(any(name.startswith("new.") for name in os.listdir(blobs)))
        self.good("list")
        self.assertEqual(os.listdir(blobs), [os.path.basename(partial)])
        os.utime(partial, (0, time.time() - 25 * 3600))
        self.good("list")
        self.assertEqual(os.listdir(blobs), [])

    def test_a_full_disk_is_said_and_leaves_nothing(self):
        image = Image(layer(member("big", content=os.urandom(6 << 20))))
        archive = self.archive(**{"big:1": image})
        os.mkdir(self.tmp + "/small")
        tool = images_box.TOOL
        script = ("mount -t tmpfs -o size=9m none %s/small && %s --dir %s/small/i import %s; echo $?; ls %s/small/i/work "
                  "%s/small/i/layers %s/small/i/blobs; mount -o remount,size=40m %s/small && %s --dir %s/small/i import %s" %
                  (self.tmp, tool, self.tmp, archive, self.tmp, self.tmp, self.tmp, self.tmp, tool, self.tmp, archive))
        done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True)
        self.assertIn("error 18 28: the disk of the images is full", done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "1")
        self.assertFalse([line for line in lines[1:-1] if line and not line.endswith(":")], done.stdout)
        self.assertIn("docker.io/library/big:1", lines[-1])

    def test_an_image_leaves_a_tenth_of_the_disk(self):
        def fill(megabytes):
            """What is free of 64 MB after an import of so much, which for a while lies there packed and unpacked; and what was said."""
            archive = self.archive(**{"big:1": Image(layer(member("big", content=os.urandom(megabytes << 20))))})
            os.makedirs(self.tmp + "/small", exist_ok=True)
            script = "mount -t tmpfs -o size=64m none {0}/small && {1} --dir {0}/small/i import {2}; stat -f -c %a {0}/small"
            done = subprocess.run(["unshare", "-m", "sh", "-c", script.format(self.tmp, images_box.TOOL, archive)],
                                  capture_output=True, text=True)
            return int(done.stdout.splitlines()[-1]) * 4096 >> 20, done.stderr
        free, said = fill(27)
        self.assertNotIn("error", said)
        self.assertLess(free, 40)
        free, said = fill(31)
        self.assertIn("error 18 28: the disk of the images is full", said)
        self.assertIn("images have to leave", said)
        self.assertGreater(free, 60)


if __name__ == "__main__":
    images_box.main()
