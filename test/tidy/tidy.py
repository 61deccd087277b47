#!/usr/bin/env python3
"""tidy.py [ROOT]: checks the house rules by reading every source file. Prints FILE:LINE: complaint, ends with 1 if any."""
import os
import pathlib
import sys

import rules

FOLDERS = ("src", "include", "test", "examples", "third_party", "systemd", ".ci")
ENDINGS = (".cpp", ".hpp", ".c", ".h", ".py", ".sh", ".build", ".md")


def files_of(root):
    """path -> text of every file that people write."""
    files = {}
    for folder in FOLDERS:
        for directory, below, names in os.walk(root / folder):
            below[:] = [name for name in below if name not in ("__pycache__", ".prefix", "corpus")]
            for name in names:
                path = pathlib.Path(directory, name)
                if name.endswith(ENDINGS) or ("." not in name and os.access(path, os.X_OK)):
                    files[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
    return files


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    files = files_of(root)
    complaints = [f"{path}:{line}: {words}" for path, text in sorted(files.items()) for line, words in rules.check(path, text)]
    for path in rules.unshared_headers(files):
        complaints.append(f"{path}:1: no other room includes this public header: put it beside its .cpp")
    for rule in (rules.shared_names, rules.split_classes):
        complaints += [f"{path}:{line}: {words}" for path, line, words in rule(files)]
    for complaint in complaints:
        print(complaint)
    print(f"tidy: {len(files)} files, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
