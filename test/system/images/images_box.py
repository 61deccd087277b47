"""What the system tests of the image room share: a directory of images, and images_tool run on it.

They need root (owners, overlay, namespaces) and end with 77 without it. Everything listens on 127.0.0.1 only."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../support"))
from oci_images import Image, write_archive  # noqa: E402

TOOL = ""  # set by main()
CODES = {"not_found": 3, "conflict": 7, "too_large": 10, "invalid": 12, "unavailable": 16, "system": 18, "corrupt": 20,
         "unsupported": 21, "unauthorized": 1, "forbidden": 2}


class Box(unittest.TestCase):
    """One image directory, one place for files."""

    def setUp(self):
        self.tmp = tempfile.mkdtemp(prefix="orilla-images-")
        os.chmod(self.tmp, 0o755)
        self.dir = self.tmp + "/images"
        self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)

    def run_tool(self, *words, stdin=None):
        return subprocess.run([TOOL, "--dir", self.dir, *words], stdin=stdin, capture_output=True, text=True, timeout=120)

    def good(self, *words, **more):
        done = self.run_tool(*words, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) if line.startswith("{") else line for line in done.stdout.splitlines()]

    def bad(self, code, *words, **more):
        """The error's sentence; its code must be `code`."""
        done = self.run_tool(*words, **more)
        self.assertEqual(done.returncode, 1, done.stdout)
        line = [line for line in done.stderr.splitlines() if line.startswith("error ")][-1]
        self.assertEqual(int(line.split()[1]), CODES[code], line)
        return line.split(": ", 1)[1]

    def archive(self, *images, **named):
        images = {"test:1": images[0]} if images else named
        path = "%s/%d.tar" % (self.tmp, len(os.listdir(self.tmp)))
        return write_archive(path, images)

    def roots(self, name="test:1"):
        """Layer directories, topmost first."""
        return self.good("paths", name)

    def assert_nothing_left(self):
        for part in ("work", "trash", "blobs"):
            left = [name for name in os.listdir(self.dir + "/" + part) if not name.endswith(".partial")]
            self.assertEqual(left, [], part)

    def import_layers(self, *layers, **more):
        image = Image(*layers, **more)
        self.good("import", self.archive(image))
        return self.roots()


def main():
    """TEST_FILE IMAGES_TOOL [TEST...]"""
    if os.geteuid() != 0:
        print("needs root")
        sys.exit(77)
    for program in ("skopeo", "zstd", "unshare"):
        if not shutil.which(program):
            print("needs " + program)
            sys.exit(77)
    global TOOL
    TOOL = os.path.abspath(sys.argv[1])
    unittest.main(module="__main__", argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
