#include "filters.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "orilla/base/text.hpp"

namespace orilla::gateway {

namespace {

constexpr std::array<std::string_view, 9> framing_names{
    "host", "content-length", "transfer-encoding", "connection", "upgrade", "keep-alive", "proxy-connection", "te", "trailer"};

bool is_framing(std::string_view name) {
    return std::any_of(framing_names.begin(), framing_names.end(),
                       [name](std::string_view other) { return equal_fold(name, other); });
}

void set_header(std::vector<http::HeaderView>& headers, std::string_view name, std::string_view value) {
    const auto is_it = [name](const http::HeaderView& header) { return equal_fold(header.name, name); };
    const auto first = std::find_if(headers.begin(), headers.end(), is_it);
    if (first == headers.end()) return headers.push_back({name, value});
    first->value = value;
    headers.erase(std::remove_if(first + 1, headers.end(), is_it), headers.end());
}

struct Sorted {
    FilterPlan& plan;
    bool is_answered() const { return plan.respond || plan.redirect; }
    void operator()(const RequestHeaders& filter) const { plan.request.push_back(&filter.change); }
    void operator()(const ResponseHeaders& filter) const { plan.response.push_back(&filter.change); }
    void operator()(const Redirect& filter) const {
        if (!is_answered()) plan.redirect = &filter;
    }
    void operator()(const Respond& filter) const {
        if (!is_answered()) plan.respond = &filter;
    }
    void operator()(const Rewrite& filter) const { plan.rewrite = &filter; }
    void operator()(const Mirror& filter) const { plan.mirrors.push_back(&filter); }
    void operator()(const Cors& filter) const { plan.cors = &filter; }
};

/// The path after the change.
std::string changed_path(const PathChange& change, const RequestPlace& place) {
    std::string out = change.value;
    if (!out.starts_with('/')) out.insert(0, 1, '/');
    if (!change.is_prefix) return out;
    // "/xyz" and "/xyz/" are one prefix, and nothing is one, too.
    if (out.back() == '/') out.pop_back();
    out += place.path.substr(std::min(place.prefix_bytes, place.path.size()));
    return out.empty() ? "/" : out;
}

void append_query(std::string& out, std::string_view query) {
    if (query.empty()) return;
    out += '?';
    out += query;
}

std::string_view header_of(const std::vector<http::HeaderView>& headers, std::string_view name) {
    for (const auto& header : headers)
        if (equal_fold(header.name, name)) return header.value;
    return {};
}

/// "https://*.example.com" stands for one label or more.
bool is_origin(std::string_view pattern, std::string_view origin) {
    const size_t star = pattern.find('*');
    if (star == pattern.npos) return equal_fold(pattern, origin);
    const std::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
    if (origin.size() <= before.size() + after.size()) return false;
    const std::string_view middle = origin.substr(before.size(), origin.size() - before.size() - after.size());
    return equal_fold(origin.substr(0, before.size()), before) &&
           equal_fold(origin.substr(origin.size() - after.size()), after) && middle.find_first_of("/:@") == middle.npos;
}

std::string joined_by_commas(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) {
        if (!out.empty()) out += ", ";
        out += text;
    }
    return out;
}

bool has_star(const std::vector<std::string>& texts) { return std::find(texts.begin(), texts.end(), "*") != texts.end(); }

/// A list, or what was asked for where everything is allowed: "*" itself means nothing together with credentials.
void allow(CorsPlan& plan, std::string_view name, const std::vector<std::string>& allowed, std::string_view asked,
           bool has_credentials) {
    std::string value = joined_by_commas(allowed);
    if (has_star(allowed)) value = has_credentials ? std::string(asked) : "*";
    if (!value.empty()) plan.headers.emplace_back(name, std::move(value));
}

}  // namespace

FilterPlan plan_filters(const Rule& rule, const Share* share) {
    FilterPlan plan;
    for (const Filter& filter : rule.filters) std::visit(Sorted{plan}, filter);
    if (share == nullptr) return plan;
    for (const Filter& filter : share->filters) std::visit(Sorted{plan}, filter);
    return plan;
}

const Share* choose_share(const std::vector<Share>& shares, uint64_t random) {
    uint64_t total = 0;
    for (const Share& share : shares) total += share.weight;
    if (total == 0) return nullptr;
    uint64_t left = random % total;
    for (const Share& share : shares) {
        if (left < share.weight) return &share;
        left -= share.weight;
    }
    return nullptr;
}

bool is_mirrored(const Mirror& mirror, uint64_t random) {
    return mirror.denominator > 0 && random % mirror.denominator < mirror.numerator;
}

void change_headers(const HeaderChange& change, std::vector<http::HeaderView>* headers) {
    for (const auto& [name, value] : change.set)
        if (!is_framing(name)) set_header(*headers, name, value);
    for (const auto& [name, value] : change.add)
        if (!is_framing(name)) headers->push_back({name, value});
    for (const std::string& name : change.remove)
        if (!is_framing(name)) std::erase_if(*headers, [&name](const auto& header) { return equal_fold(header.name, name); });
}

std::string render_location(const Redirect& redirect, const RequestPlace& place) {
    const std::string_view scheme = redirect.scheme.empty() ? place.scheme : std::string_view(redirect.scheme);
    const std::string_view host = redirect.host.empty() ? place.host : std::string_view(redirect.host);
    uint16_t port = redirect.port;
    if (port == 0 && redirect.scheme.empty()) port = place.port;
    const uint16_t standard = scheme == "https" ? 443 : 80;
    std::string out;
    if (!host.empty()) out = fmt::format("{}://{}", scheme, host);
    if (!host.empty() && port != 0 && port != standard) out += fmt::format(":{}", port);
    std::string path = redirect.path ? changed_path(*redirect.path, place) : std::string(place.path);
    // Without a host in front "//" would begin one.
    if (out.empty()) path.erase(0, std::min(path.find_first_not_of('/'), path.size()) - 1);
    out += path;
    append_query(out, place.query);
    return out;
}

std::string render_changed_target(const PathChange& change, const RequestPlace& place) {
    std::string out = changed_path(change, place);
    append_query(out, place.query);
    return out;
}

std::optional<CorsPlan> plan_cors(const Cors& cors, std::string_view method, const std::vector<http::HeaderView>& headers) {
    const std::string_view origin = header_of(headers, "origin");
    if (origin.empty()) return std::nullopt;
    CorsPlan plan;
    const std::string_view asked_method = header_of(headers, "access-control-request-method");
    plan.is_preflight = method == "OPTIONS" && !asked_method.empty();
    const bool allows_all = has_star(cors.allow_origins);
    const auto is_it = [origin](const std::string& pattern) { return is_origin(pattern, origin); };
    if (!allows_all && std::none_of(cors.allow_origins.begin(), cors.allow_origins.end(), is_it)) return plan;
    const bool names_origin = !allows_all || cors.allow_credentials;
    plan.headers.emplace_back("Access-Control-Allow-Origin", names_origin ? std::string(origin) : "*");
    if (names_origin) plan.headers.emplace_back("Vary", "Origin");
    if (cors.allow_credentials) plan.headers.emplace_back("Access-Control-Allow-Credentials", "true");
    if (!plan.is_preflight) {
        allow(plan, "Access-Control-Expose-Headers", cors.expose_headers, {}, false);
        return plan;
    }
    allow(plan, "Access-Control-Allow-Methods", cors.allow_methods, asked_method, cors.allow_credentials);
    const std::string_view asked_headers = header_of(headers, "access-control-request-headers");
    allow(plan, "Access-Control-Allow-Headers", cors.allow_headers, asked_headers, cors.allow_credentials);
    plan.headers.emplace_back("Access-Control-Max-Age", std::to_string(cors.max_age_s));
    return plan;
}

bool is_cors_header(std::string_view name) {
    constexpr std::string_view prefix = "access-control-";
    return name.size() > prefix.size() && equal_fold(name.substr(0, prefix.size()), prefix);
}

}  // namespace orilla::gateway
