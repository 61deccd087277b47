// A probe by gRPC's health protocol (grpc.health.v1.Health/Check), over HTTP/2 without TLS, as the kubelet has it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/http/message.hpp"
#include "orilla/loop/loop.hpp"
#include "probes/probe_io.hpp"

namespace orilla::node {

struct GrpcProbeRequest {
    std::string host;  ///< IPv4
    int port = 0;
    std::string service;  ///< empty: the server as a whole
    int64_t limit_ms = 1'000;
};

/// Success when the service says that it is SERVING. It takes no longer than its limit, and says what did not end in time. A
/// server that does not listen yet is tried again within it.
loop::Task<Result<ProbeAnswer>> check_grpc(loop::Loop& loop, GrpcProbeRequest request);

// ---- pure

/// HealthCheckRequest behind gRPC's prefix.
std::string render_health_request(std::string_view service);
/// What comes of an answer: its head's status, headers and trailers, and its body.
Result<ProbeAnswer> judge_health_answer(int status, const http::Headers& headers, const http::Headers& trailers,
                                        std::string_view body, int64_t limit_ms);
/// As Go writes a duration: 1s, 1m30s.
std::string render_go_seconds(int64_t ms);

}  // namespace orilla::node
