// What a probe sends over the network: a TCP connection, an HTTP GET and those that it leads to. Bounded, on the loop.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/loop.hpp"
#include "probes/http_answer.hpp"

namespace orilla::node {

struct HttpProbeRequest {
    ProbeUrl url;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// How a try that succeeded did so.
struct ProbeAnswer {
    std::string warning;  ///< what is to be told of it; empty: nothing
};

constexpr int probe_requests_max = 10;  ///< of one try, along redirects

loop::Task<Result<UniqueFd>> connect_tcp(loop::Loop& loop, std::string host, int port);
/// Success for status 200 to 399. Redirects are followed on the same host; one to another host is the answer, with a
/// warning. HTTPS does not check the certificate, as the API says.
loop::Task<Result<ProbeAnswer>> get_http(loop::Loop& loop, HttpProbeRequest request);

std::string render_probe_request(const HttpProbeRequest& request);

}  // namespace orilla::node
