#include "describe/health.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/http/uri.hpp"
#include "request/status.hpp"

namespace orilla::apiserver {

namespace {
constexpr std::string_view plain_text = "text/plain; charset=utf-8";

struct HealthCheck {
    std::string_view name;
    Result<void> outcome;
};

std::vector<HealthCheck> run_checks(std::string_view endpoint, const std::function<Result<void>()>& ready) {
    std::vector<HealthCheck> checks;
    checks.push_back({"ping", ok()});  // somebody reads this
    if (endpoint == "readyz") checks.push_back({"startup", ready ? ready() : ok()});
    return checks;
}

http::Response text_answer(int status, std::string text) {
    http::Response response(status, plain_text, std::move(text));
    response.add_header("X-Content-Type-Options", "nosniff");
    return response;
}

Result<http::Response> answer_one(const std::vector<HealthCheck>& checks, const std::string& name) {
    const auto check = std::ranges::find(checks, name, &HealthCheck::name);
    if (check == checks.end()) return no_such_path();
    if (check->outcome) return text_answer(200, "ok");
    return text_answer(500, fmt::format("internal server error: {}\n", check->outcome.error().message()));
}
}  // namespace

Result<http::Response> serve_health(const http::Request& request, const std::vector<std::string>& segments,
                                    const std::function<Result<void>()>& ready) {
    TRY(const auto query, http::Query::parse(request.query));
    const std::string& endpoint = segments[0];
    const auto checks = run_checks(endpoint, ready);
    if (segments.size() == 2) return answer_one(checks, segments[1]);
    if (segments.size() > 2) return no_such_path();
    auto excluded = query.all("exclude");
    std::string lines;
    bool failed = false;
    for (const HealthCheck& check : checks) {
        const std::string name(check.name);
        if (std::erase(excluded, check.name) > 0) {
            lines += fmt::format("[+]{} excluded: ok\n", name);
        } else if (check.outcome) {
            lines += fmt::format("[+]{} ok\n", name);
        } else {
            lines += fmt::format("[-]{} failed: {}\n", name, check.outcome.error().message());
            failed = true;
        }
    }
    for (const std::string_view unknown : excluded)
        lines += fmt::format("warn: some health checks cannot be excluded: no matches for \"{}\"\n", unknown);
    if (failed) return text_answer(500, fmt::format("{}{} check failed\n", lines, endpoint));
    if (query.has("verbose")) return text_answer(200, fmt::format("{}{} check passed\n", lines, endpoint));
    return text_answer(200, "ok");
}

}  // namespace orilla::apiserver
