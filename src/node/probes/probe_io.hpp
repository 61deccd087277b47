// The HTTP GET of a probe or hook, and those that it leads to. Bounded, on the loop.
#pragma once

#include <string>

#include "orilla/base/result.hpp"
#include "orilla/http/client.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::node {

struct HttpProbeRequest {
    http::Url url;
    http::Headers headers;
};

/// How a try that succeeded did so.
struct ProbeAnswer {
    std::string warning;  ///< what is to be told of it; empty: nothing
};

constexpr int probe_requests_max = 10;                ///< of one try, along redirects
constexpr size_t probe_answer_bytes_max = 10 * 1024;  ///< of a body

/// Success for status 200 to 399. Redirects are followed on the same host; one to another host is the answer, with a
/// warning. HTTPS does not check the certificate, as the API says.
loop::Task<Result<ProbeAnswer>> get_http(loop::Loop& loop, HttpProbeRequest request);

std::string render_probe_request(const HttpProbeRequest& request);

}  // namespace orilla::node
