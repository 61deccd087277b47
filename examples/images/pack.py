#!/usr/bin/env python3
"""pack.py OUT.tar NAME ARCH=CONFIG.json:LAYER_DIR[:LAYER_DIR...] ... [NAME ARCH=...]...

Makes an OCI image archive named NAME from directories, one layer each. With several ARCH arguments the name leads to an
index over them. An archive may hold several images; layers that they share are there once. The bytes depend only on the files: owners are root, times are fixed, names are sorted.
"""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

MADE_AT = 1700000000
OCI = "application/vnd.oci.image."


class Layout:
    """The blobs of the archive by digest."""

    def __init__(self):
        self.blobs = {}
        self.layers = {}

    def put(self, media_type, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return {"mediaType": OCI + media_type, "digest": digest, "size": len(data)}

    def put_layer(self, directory):
        """Its diff id and its descriptor."""
        if directory not in self.layers:
            tar = layer_tar(directory)
            diff_id = "sha256:" + hashlib.sha256(tar).hexdigest()
            self.layers[directory] = diff_id, self.put("layer.v1.tar+gzip", gzip.compress(tar, 6, mtime=0))
        return self.layers[directory]

    def put_json(self, media_type, value):
        return self.put(media_type, json.dumps(value, separators=(",", ":")).encode())


def as_root(entry):
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = MADE_AT
    return entry


def layer_tar(directory):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for folder, below, names in os.walk(directory):
            below.sort()
            inside = os.path.relpath(folder, directory)
            links = [name for name in below if os.path.islink(os.path.join(folder, name))]
            if inside != ".":
                tar.add(folder, inside, recursive=False, filter=as_root)
            for name in sorted(names + links):
                tar.add(os.path.join(folder, name), os.path.normpath(os.path.join(inside, name)), recursive=False, filter=as_root)
    return out.getvalue()


# Debian's names, and as images call them.
PLATFORMS = {"amd64": {"architecture": "amd64"}, "arm64": {"architecture": "arm64", "variant": "v8"},
             "armhf": {"architecture": "arm", "variant": "v7"}}


def platform(arch):
    return {"os": "linux", **PLATFORMS[arch]}


def add_image(layout, arch, config_file, directories):
    diff_ids, layers = zip(*[layout.put_layer(directory) for directory in directories])
    with open(config_file, encoding="utf-8") as file:
        config = {**platform(arch), "created": "2023-11-14T22:13:20Z", "config": json.load(file),
                  "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                "config": layout.put_json("config.v1+json", config), "layers": layers}
    return {**layout.put_json("manifest.v1+json", manifest), "platform": platform(arch)}


def write_archive(path, layout, entries):
    index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": entries}
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(index).encode()}
    files.update({"blobs/" + digest.replace(":", "/"): data for digest, data in sorted(layout.blobs.items())})
    with tarfile.open(path + ".new", "w") as tar:
        for name, data in files.items():
            header = tarfile.TarInfo(name)
            header.size, header.mode, header.mtime = len(data), 0o644, MADE_AT
            tar.addfile(header, io.BytesIO(data))
    os.rename(path + ".new", path)


def add_name(layout, name, parts):
    """Its entry in the archive's index, and its architectures."""
    images = []
    for part in parts:
        arch, files = part.split("=", 1)
        config_file, *directories = files.split(":")
        images.append(add_image(layout, arch, config_file, directories))
    entry = images[0]
    if len(images) > 1:
        entry = layout.put_json("index.v1+json", {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": images})
    entry["annotations"] = {"org.opencontainers.image.ref.name": name}
    return entry, "+".join(image["platform"]["architecture"] for image in images)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    path, names = sys.argv[1], {}
    for argument in sys.argv[2:]:
        if "=" in argument:
            list(names.values())[-1].append(argument)
        else:
            names[argument] = []
    layout, entries = Layout(), []
    for name, parts in names.items():
        entry, architectures = add_name(layout, name, parts)
        entries.append(entry)
    write_archive(path, layout, entries)
    print(f"{path}: {', '.join(names)}, {architectures}, {os.path.getsize(path)} bytes")


if __name__ == "__main__":
    main()
