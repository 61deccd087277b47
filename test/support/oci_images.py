"""Makes small OCI images, well-formed and hostile ones, without any tool but Python (and zstd for zstd layers)."""
import gzip
import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile

ARCH = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv8l": "arm"}.get(platform.machine(), platform.machine())
OCI = "application/vnd.oci.image."


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def member(name, kind="file", content=b"", mode=0o644, link="", uid=0, gid=0, mtime=1_700_000_000, pax=None):
    info = tarfile.TarInfo(name)
    kinds = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE, "link": tarfile.LNKTYPE,
             "fifo": tarfile.FIFOTYPE, "char": tarfile.CHRTYPE}
    info.type = kinds[kind]
    info.mode, info.uid, info.gid, info.mtime, info.linkname = mode, uid, gid, mtime, link
    info.size = len(content)
    info.pax_headers = pax or {}
    return info, content


def layer(*members):
    """A tar of members; strings are files whose content is their name, "dir/" a directory."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for one in members:
            if isinstance(one, str):
                one = member(one, "dir", mode=0o755) if one.endswith("/") else member(one, content=one.encode())
            tar.addfile(one[0], io.BytesIO(one[1]))
    return out.getvalue()


def compress(data, how):
    if how == "gzip":
        return gzip.compress(data, mtime=0)
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


class Image:
    """One image: its blobs by digest, its manifest's descriptor."""

    def __init__(self, *layers, how="gzip", arch=ARCH, config=None, diff_ids=None):
        self.blobs = {}
        described = []
        suffix = {"gzip": "+gzip", "zstd": "+zstd", "none": ""}[how]
        for data in layers:
            described.append(self.put(compress(data, how), OCI + "layer.v1.tar" + suffix))
        self.layers = described
        self.config = self.put_json({
            "architecture": arch, "os": "linux", "config": config or {"Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids or [digest(data) for data in layers]}}, OCI + "config.v1+json")
        self.manifest = self.put_json({
            "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": self.config, "layers": described},
            OCI + "manifest.v1+json")
        self.manifest["platform"] = {"os": "linux", "architecture": arch}

    def put(self, data, media_type):
        self.blobs[digest(data)] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def put_json(self, document, media_type):
        return self.put(json.dumps(document).encode(), media_type)

    def join(self, *others):
        """An index over this image and others, as an Image whose manifest it is."""
        for other in others:
            self.blobs.update(other.blobs)
        entries = [one.manifest for one in (self, *others)]
        self.manifest = self.put_json({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": entries},
                                      OCI + "index.v1+json")
        return self


def write_layout(path, images):
    """`images`: name -> Image."""
    os.makedirs(os.path.join(path, "blobs/sha256"))
    entries = []
    for name, image in images.items():
        entry = dict(image.manifest)
        if name:
            entry["annotations"] = {"org.opencontainers.image.ref.name": name}
        entries.append(entry)
        for key, data in image.blobs.items():
            with open(os.path.join(path, "blobs/sha256", key[7:]), "wb") as out:
                out.write(data)
    with open(os.path.join(path, "oci-layout"), "w") as out:
        out.write('{"imageLayoutVersion":"1.0.0"}')
    with open(os.path.join(path, "index.json"), "w") as out:
        json.dump({"schemaVersion": 2, "manifests": entries}, out)
    return path


def write_archive(path, images):
    layout = write_layout(path + ".layout", images)
    with tarfile.open(path, "w") as tar:
        for name in sorted(os.listdir(layout)):
            tar.add(os.path.join(layout, name), name)
    return path
