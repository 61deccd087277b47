#!/usr/bin/env python3
"""seeds.py DIR: writes DIR/NAME/* for each NAME_fuzz of this folder: a few inputs of the kind that its parser accepts, from
which libFuzzer starts. As a program and not as files, so that binary formats can be read and changed."""
import gzip
import io
import json
import pathlib
import struct
import sys
import tarfile

ROOT = pathlib.Path(__file__).parents[2]
WEB = (ROOT / "examples/web.yaml").read_bytes()

CONTAINER = {"name": "web", "image": "nginx:1", "ports": [{"name": "http", "containerPort": 80}], "command": ["a", "b"],
             "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
             "resources": {"limits": {"memory": "64Mi", "cpu": "50m"}},
             "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
             "volumeMounts": [{"name": "page", "mountPath": "/page", "readOnly": True}]}
POD_SPEC = {"containers": [CONTAINER], "volumes": [{"name": "page", "configMap": {"name": "web"}}]}
META = {"name": "web", "namespace": "default", "labels": {"app": "web"}, "annotations": {"note": "\u00e9"}}
OBJECTS = {
    "pod": {"apiVersion": "v1", "kind": "Pod", "metadata": META, "spec": POD_SPEC},
    "deployment": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": META, "spec": {
        "replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "strategy": {"rollingUpdate": {"maxSurge": "25%"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": POD_SPEC}}},
    "service": {"apiVersion": "v1", "kind": "Service", "metadata": META, "spec": {
        "type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http", "nodePort": 30080}]}},
    "secret": {"apiVersion": "v1", "kind": "Secret", "metadata": META, "data": {"a": "AAEC"}, "stringData": {"b": "c"}},
    "config_map": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": META, "data": {"a": "b\nc\n"}},
    "large_map": {"apiVersion": "v1", "kind": "ConfigMap", "data": {f"k{i}": "v" for i in range(199, 99, -1)}},
}


def text(value):
    return json.dumps(value, ensure_ascii=False).encode()


def lines(*parts):
    """As test/fuzz/input.hpp splits."""
    return b"\0".join(parts)


def varint(value):
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7f | 0x80]), value >> 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def part(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def protobufs():
    label = part(1, b"app") + part(2, b"web")
    meta = part(1, b"web") + part(3, b"default") + part(11, label)
    port = part(1, b"http") + number(3, 80) + part(4, b"TCP")
    limits = part(1, part(1, b"memory") + part(2, part(1, b"64Mi")))
    container = part(1, b"web") + part(2, b"nginx") + part(6, port) + part(8, limits)
    pod_spec = part(1, part(1, b"tmp") + part(2, part(2, part(1, b"Memory")))) + part(2, container) + number(11, 0)
    spec = number(1, 2) + part(2, part(1, label)) + part(3, part(1, part(11, label)) + part(2, pod_spec))
    deployment = part(1, meta) + part(2, spec)
    service_port = part(1, b"http") + part(2, b"TCP") + number(3, 80) + part(4, number(1, 1) + part(3, b"http"))
    service = part(1, meta) + part(2, part(1, service_port) + part(2, label) + part(4, b"ClusterIP"))
    kind = part(1, b"apps/v1") + part(2, b"Deployment")
    return {"deployment": b"k8s\0" + part(1, kind) + part(2, deployment), "pod": part(1, meta) + part(2, pod_spec),
            "service": service,
            "map": part(1, meta) + b"".join(part(2, part(1, b"k%d" % i) + part(2, b"v")) for i in range(199, 99, -1))}


def http2():
    """Frames behind a byte that says how they are cut and who reads them (16: a client)."""
    def frame(kind, flags, stream, payload=b""):
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
    settings, get = frame(4, 0, 0), b"\x82\x86\x84\x41\x01a"
    post = b"\x83\x86\x84\x41\x01a\x00\x03x-a\x01b\x40\x06cookie\x03a=1"
    return numbered(
        b"\x00" + settings + frame(1, 5, 1, get) + frame(6, 0, 0, b"12345678") + frame(1, 5, 3, get),
        b"\x03" + settings + frame(1, 4, 1, post) + frame(0, 0, 1, b"body") + frame(1, 5, 1, b"\x00\x03x-t\x01v"),
        b"\x05" + settings + frame(1, 1, 1, get[:3]) + frame(9, 4, 1, get[3:]) + frame(3, 0, 1, b"\0\0\0\x08"),
        b"\x01" + settings + frame(1, 4, 1, get) + frame(8, 0, 1, b"\0\0\1\0") + frame(7, 0, 0, bytes(8)),
        b"\x10" + settings + frame(1, 4, 1, b"\x88\x5f\x01t") + frame(0, 1, 1, b"answer") + frame(1, 4, 3, b"\x08\x03103")
        + frame(1, 5, 3, b"\x8d") + frame(7, 0, 0, bytes(8)))


def dns():
    def query(name, kind, more=b"", additional=0):
        labels = b"".join(bytes([len(label)]) + label for label in name.split(b"."))
        return struct.pack(">6H", 7, 0x100, 1, 0, 0, additional) + labels + b"\0" + struct.pack(">2H", kind, 1) + more

    edns = b"\0" + struct.pack(">2HIH", 41, 1232, 0, 0)
    reply = query(b"example.org", 1, b"\xc0\x0c" + struct.pack(">2HIH4B", 1, 1, 30, 4, 10, 0, 0, 1))
    return {"a": query(b"web.default.svc.cluster.local", 1), "srv": query(b"_sql._tcp.db.default.svc.cluster.local", 33),
            "edns": query(b"far.default.svc.cluster.local", 28, edns, 1), "ptr": query(b"10.0.43.10.in-addr.arpa", 12),
            "reply": reply[:2] + b"\x81\x80\0\1\0\1" + reply[8:],
            "resolv_conf": b"nameserver 10.0.0.1\nsearch a.b c\noptions ndots:2\n"}


def http():
    # The first byte is the size of the pieces.
    return {"get": b"\0GET /api/v1/namespaces/default/pods/web?watch=true&limit=5 HTTP/1.1\r\nHost: a\r\n"
                   b"Accept: application/json;as=Table;v=v1;g=meta.k8s.io,*/*;q=0.1\r\n\r\n",
            "two": b"\3POST /api/v1/pods HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
                   b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "chunked": b"\7PATCH /apis/apps/v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nx: y\r\n\r\n",
            "absolute": b"\1GET http://a/b?c HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: d\r\n\r\n",
            "balanced": b"\0PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n",
            "balanced2": b"\0\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x12\x34\0\x50"}


def http_answers():
    # The first byte is the size of the pieces, 16 for a body that may be cut, and 32 for the answer to a HEAD.
    return {"length": b"\0HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nok",
            "chunked": b"\3HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n1\r\n!\r\n0\r\n\r\n",
            "to_end": b"\x17HTTP/1.0 500 No\n\nno" + b"x" * 1100,
            "interim": b"\1HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "switched": b"\5HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nmore",
            "head": b"\x25HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
            "trailers": b"\2HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\nSum: 1\r\n\r\n",
            "kept": b"\7HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nxy"}


def supervisor_messages():
    def packet(kind, *numbers):
        return struct.pack("<2HI4q", 1, kind, 9, *numbers, *[0] * (4 - len(numbers)))

    return {"hello": packet(1), "signal": packet(4, 7, 15), "forget": packet(5, 7), "hello_reply": packet(64, 4711),
            "started": packet(65, 7, 4711, 1 << 60), "start_failed": packet(66, -1, 13, 1),
            "exited": packet(67, 7, 137, 9, 1 << 60), "refused": packet(69, 16)}


def gateway_messages():
    # The first byte is the direction: 0 the daemon's packets, 1 the gateway's, 2 a change put together.
    def words(*texts):
        return varint(len(texts)) + b"".join(varint(len(one)) + one for one in texts)

    listener = words(b"a")[1:] + varint(80) + b"\1" + words(b"*.b")[1:] + b"\0" + words(b"n/c") + b"\0\0\0"
    change = b"\1" + varint(1) + listener + b"\0\0\0" + b"\0\0" + words(b"r") + b"\0"
    return {"settings": b"\0\0\1\0", "sockets": b"\0\1\2" + varint(80) + varint(443), "piece": b"\0\2\7\1" + words(change)[1:],
            "retire": b"\0\3", "applied": b"\1\0\7", "wanted": b"\1\2\3a/b", "fault": b"\1\3\1\3n/cbad" , "lines": b"\1\4\2a\n",
            "reports": b"\1\1\1\3a/b" + varint(300) * 8, "change": b"\2" + change}


def image_documents():
    digest = "sha256:" + "a" * 64
    kind = "application/vnd.oci.image."
    manifest = {"schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
                "config": {"mediaType": kind + "config.v1+json", "digest": digest, "size": 9},
                "layers": [{"mediaType": kind + "layer.v1.tar+gzip", "digest": digest, "size": 99}]}
    index = {"schemaVersion": 2, "manifests": [{"mediaType": kind + "manifest.v1+json", "digest": digest, "size": 9,
             "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"},
             "annotations": {"org.opencontainers.image.ref.name": "nginx:1"}}]}
    config = {"architecture": "arm64", "os": "linux", "created": "2024-01-01T00:00:00Z",
              "config": {"Env": ["A=b"], "Entrypoint": ["/a"], "Cmd": ["b"], "User": "1:2", "WorkingDir": "/",
                         "ExposedPorts": {"80/tcp": {}}}, "rootfs": {"type": "layers", "diff_ids": [digest]}}
    challenge = b'Bearer realm="https://auth.example.org/token",service="example.org",scope="repository:a/b:pull"'
    return {"manifest": lines((kind + "manifest.v1+json").encode(), text(manifest)), "index": lines(b"", text(index)),
            "config": lines(challenge, text(config)),
            "auths": lines(b"example.org:5000/a/b:1", text({"auths": {"example.org:5000": {"auth": "YTpi"}}})),
            "reference": b"nginx@" + digest.encode()}


def tars():
    found = {}
    for name, form in {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT}.items():
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as tar:
            for path, content in {"etc/passwd": b"root", "a/.wh.b": b"", "a/.wh..wh..opq": b"", "l/" + "o" * 120: b"x" * 600,
                                  "/usr/bin/x": b"x", ".//a//y": b"y", "/a/.wh.c": b""}.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
            for path, kind in {"d": tarfile.DIRTYPE, "s": tarfile.SYMTYPE, "h": tarfile.LNKTYPE, "c": tarfile.CHRTYPE,
                               "/": tarfile.DIRTYPE, "/h": tarfile.LNKTYPE, "/../z": tarfile.DIRTYPE}.items():
                entry = tarfile.TarInfo(path)
                entry.type, entry.linkname = kind, "/etc/passwd" if path.startswith("/") else "etc/passwd"
                tar.addfile(entry)
        found[name] = out.getvalue()
        found[name + "_gz"] = gzip.compress(found[name], mtime=0)
    return found


def patches():
    changes = {"strategic": {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "b"}], "$patch": "merge"}}}},
               "merge": {"metadata": {"labels": None}},
               "json": [{"op": "add", "path": "/spec/replicas", "value": 3}, {"op": "test", "path": "/kind", "value": "Deployment"},
                        {"op": "move", "from": "/metadata/labels/app", "path": "/metadata/labels/b~1c"}]}
    document = text(OBJECTS["deployment"])
    found = {name: lines(document, text(change)) for name, change in changes.items()}
    changed = text({**OBJECTS["deployment"], "metadata": {"name": "web", "labels": {"b": "c"}}})
    return {**found, "three_way": lines(document, changed, document)}


def numbered(*values):
    return {str(index): value for index, value in enumerate(values)}


def seeds():
    objects = {name: text(value) for name, value in OBJECTS.items()}
    document = text({"items": [OBJECTS["pod"]]})
    templates = (b"{.items[*].metadata.name}", b'{range .items[?(@.kind=="Pod")]}{.metadata.labels.app}{"\\n"}{end}',
                 b"{..image} {.items[0:1:1]['kind','metadata']}")
    return {
        "dns": dns(), "gateway_messages": gateway_messages(),
        "gateway_request": numbered(lines(b"Example.com:80", b"/a/%2e%2E/b%2fc//d;e", b"a=1&q=%20b", b"x12", b"(?i)(x|[0-9]{1,3})*$")),
        "http2_session": http2(), "http_answer": http_answers(), "http_request": http(), "image_documents": image_documents(), "object": objects, "patch": patches(),
        "protobuf": protobufs(), "supervisor_messages": supervisor_messages(), "tar": tars(),
        "jsonpath": numbered(*(lines(template, document) for template in templates)),
        "manifest": {**objects, "web": WEB, **numbered(b"a: &x [1, 'b', \"c\\n\"]\n", b"- |\n  a\n- >-\n  b\n---\nkind: List\n")},
        "cron": numbered(b"*/5 1-3,7 ? jan-mar mon\nCET-1CEST,M3.5.0,M10.5.0/3", b"@every 1h30m\n<+03>-3", b"0 0 30 2 *\nUTC0"),
        "selectors": numbered(b"app=web,n!=6", b"app in (a, web),!x,n", b"metadata.name=web,status.phase!=Running", b"n notin (5)"),
        "values": numbered(b"1500m", b"1.5Gi", b"1e3", b"-3Ki", b"2024-02-29T23:59:59.123456Z", b"25%", b"a.b/c-d", b"10.0.0.1",
                           b"http", b"fd00::1"),
    }


def main():
    for name, inputs in seeds().items():
        directory = pathlib.Path(sys.argv[1], name)
        directory.mkdir(parents=True, exist_ok=True)
        for title, content in inputs.items():
            (directory / title).write_bytes(content)


if __name__ == "__main__":
    main()
