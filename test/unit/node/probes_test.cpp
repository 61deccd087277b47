#include "probes.hpp"

#include <catch2/catch.hpp>

#include "probe_io.hpp"

using namespace orilla;
using namespace orilla::node;

TEST_CASE("ProbeCounter: a verdict needs its threshold of results in a row") {
    ProbeCounter counter(2, 3);
    CHECK(counter.record(true) == ProbeVerdict::unknown);
    CHECK(counter.record(true) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::success);
    CHECK(counter.record(true) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::failure);
}

TEST_CASE("parse_status_line: what is no HTTP is an error") {
    CHECK(*parse_status_line("HTTP/1.1 204 No Content\r\n") == 204);
    CHECK(*parse_status_line("HTTP/1.0 503 x") == 503);
    for (const char* text : {"", "HTTP/1.1", "SSH-2.0-OpenSSH", "HTTP/1.1 2x4 ok"}) CHECK(!parse_status_line(text));
}

TEST_CASE("render_probe_request: own headers replace the defaults") {
    HttpProbeRequest request{"10.42.0.5", 80, false, "/healthz", {{"Host", "shop"}, {"X-A", "b"}}};
    CHECK(render_probe_request(request) ==
          "GET /healthz HTTP/1.1\r\nUser-Agent: kube-probe/1.33\r\nAccept: */*\r\nHost: shop\r\nX-A: b\r\nConnection: close\r\n\r\n");
}
