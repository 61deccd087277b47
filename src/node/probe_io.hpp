// What a probe sends over the network: a TCP connection, one HTTP GET. Bounded, on the loop.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::node {

struct HttpProbeRequest {
    std::string host;  ///< an address; names are not looked up
    int port = 80;
    bool tls = false;
    std::string path;
    std::vector<std::pair<std::string, std::string>> headers;
};

loop::Task<Result<UniqueFd>> connect_tcp(loop::Loop& loop, std::string host, int port);
/// Success for status 200 to 399. HTTPS does not check the certificate, as the API says.
loop::Task<Result<void>> get_http(loop::Loop& loop, HttpProbeRequest request);

std::string render_probe_request(const HttpProbeRequest& request);
/// The status of an HTTP/1.x status line; nothing while the line is not complete; bad_request when it is none.
Result<int> parse_status_line(std::string_view text);

}  // namespace orilla::node
