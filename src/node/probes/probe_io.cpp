#include "probes/probe_io.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/base/text.hpp"

namespace orilla::node {
namespace {

bool has(const http::Headers& headers, std::string_view name) {
    return std::ranges::any_of(headers, [name](const auto& header) { return equal_fold(header.first, name); });
}

http::ClientRequest to_request(const HttpProbeRequest& probe) {
    http::ClientRequest request;
    request.url = probe.url;
    if (!has(probe.headers, "host")) request.headers.emplace_back("Host", fmt::format("{}:{}", probe.url.host, probe.url.port));
    if (!has(probe.headers, "user-agent")) request.headers.emplace_back("User-Agent", "kube-probe/1.33");
    if (!has(probe.headers, "accept")) request.headers.emplace_back("Accept", "*/*");
    request.headers.insert(request.headers.end(), probe.headers.begin(), probe.headers.end());
    return request;
}

bool is_redirect(const http::Answer& answer) {
    const int status = answer.status;
    return (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) &&
           !answer.header("location").empty();
}

Result<ProbeAnswer> judge(const http::Answer& answer) {
    const int status = answer.status;
    if (status >= 200 && status < 300) return ProbeAnswer{};
    if (status >= 300 && status < 400) return ProbeAnswer{"Probe terminated redirects, Response body: " + answer.body};
    return Error(Code::unavailable, fmt::format("HTTP probe failed with statuscode: {}", status));
}

/// The next request; a Host of the probe's own is only for where it was asked to go.
HttpProbeRequest plan_next(HttpProbeRequest request, http::Url to, std::string_view location) {
    const auto names_host = [](const auto& header) { return equal_fold(header.first, "host"); };
    if (http::is_absolute_location(location)) std::erase_if(request.headers, names_host);
    request.url = std::move(to);
    return request;
}

}  // namespace

std::string render_probe_request(const HttpProbeRequest& request) { return http::render_request(to_request(request)); }

loop::Task<Result<ProbeAnswer>> get_http(loop::Loop& loop, HttpProbeRequest request) {
    const std::string host = request.url.host;
    for (int asked = 1;; ++asked) {
        const std::string what = fmt::format("Get \"{}\"", http::render_url(request.url));
        http::AnswerLimits limits;
        limits.body_bytes_max = probe_answer_bytes_max;
        limits.cuts_body = true;
        http::ServerTrust anybody;
        AWAIT(auto answer, http::ask(loop, to_request(request), limits, std::move(anybody)));
        if (!answer) co_return std::move(answer).error().with_context(what);
        if (!is_redirect(*answer)) co_return judge(*answer);
        auto next = http::resolve_location(request.url, answer->header("location"));
        if (!next) co_return std::move(next).error().with_context(what);
        if (next->host != host) co_return judge(*answer);
        if (asked == probe_requests_max)
            co_return Error(Code::unavailable, fmt::format("{}: stopped after {} redirects", what, probe_requests_max));
        request = plan_next(std::move(request), std::move(*next), answer->header("location"));
    }
}

}  // namespace orilla::node
