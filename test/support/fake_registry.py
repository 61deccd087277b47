"""A registry on loopback that misbehaves on request: breaks connections, lies, redirects, dawdles."""
import http.server
import socketserver
import threading
import time


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self):
        """As HTTPServer, but for the name of its address: asking for it takes seconds where no resolver answers."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address


class FakeRegistry:
    def __init__(self, images):
        """`images`: "repo:tag" -> Image."""
        self.images = images
        self.blobs = {}
        for image in images.values():
            self.blobs.update(image.blobs)
        self.requests = []           # (path, headers)
        self.break_after = None      # bytes of a blob in one answer
        self.breaks_left = 1 << 30
        self.redirect_blobs = None   # function digest -> Location
        self.bytes_per_second = None  # of blobs
        self.slow_documents = False   # manifests and configurations, too
        self.status_for = {}         # path suffix -> list of statuses to answer first
        self.ranges = True
        self.sent_bytes = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                try:
                    outer.answer(self)
                except OSError:  # whoever asked has gone
                    self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.host = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        self.requests.append((request.path, dict(request.headers)))
        for suffix, statuses in self.status_for.items():
            if request.path.endswith(suffix) and statuses:
                return self.plain(request, statuses.pop(0), b"{}")
        parts = request.path.split("/")
        what, key = parts[-2], parts[-1]
        if what == "manifests":
            repo = "/".join(parts[2:-2])
            image = self.images.get(repo + ":" + key)
            digest = image.manifest["digest"] if image else key
            if digest in self.blobs:
                return self.plain(request, 200, self.blobs[digest], image.manifest["mediaType"] if image else None)
        elif what == "blobs" and key in self.blobs:
            if self.redirect_blobs:
                request.send_response(307)
                request.send_header("Location", self.redirect_blobs(key))
                request.send_header("Content-Length", "0")
                return request.end_headers()
            return self.blob(request, self.blobs[key])
        self.plain(request, 404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')

    def plain(self, request, status, body, media_type=None):
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        if media_type:
            request.send_header("Content-Type", media_type)
        request.end_headers()
        self.send(request, body, self.slow_documents)

    def send(self, request, body, slow):
        step = 64 * 1024
        if slow and self.bytes_per_second:
            step = max(1, min(step, int(self.bytes_per_second)))
        for at in range(0, len(body), step):
            piece = body[at:at + step]
            request.wfile.write(piece)
            self.sent_bytes += len(piece)
            if slow and self.bytes_per_second:
                time.sleep(len(piece) / self.bytes_per_second)

    def blob(self, request, body):
        start = 0
        wanted = request.headers.get("Range")
        if wanted and self.ranges:
            start = int(wanted[len("bytes="):].split("-")[0])
            request.send_response(206)
            request.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(body) - 1, len(body)))
        else:
            request.send_response(200)
        request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        end = len(body)
        if self.break_after is not None and self.breaks_left > 0 and len(body) > max(self.break_after, 10_000):
            self.breaks_left -= 1
            end = min(end, start + self.break_after)
        try:
            self.send(request, body[start:end], True)
            if end < len(body):
                request.close_connection = True
                request.connection.close()
        except OSError:
            request.close_connection = True
