// HTTPRoutes.
#include <fmt/core.h>
#include <algorithm>
#include <optional>

#include "gateway_checks.hpp"
#include "orilla/base/text.hpp"
#include "orilla/kinds/gateway_facts.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

constexpr size_t path_bytes_max = 1024;
constexpr std::string_view duration_form = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";

/// As Kubernetes does it: a rule without matches fits every request, a route without rules has one such.
void complete_http_route(HTTPRoute& route) {
    if (route.spec.rules.empty()) route.spec.rules.emplace_back();
    for (HTTPRouteRule& rule : route.spec.rules) {
        if (!rule.matches.empty()) continue;
        HTTPPathMatch& path = rule.matches.emplace_back().path.ensure();
        path.type = "PathPrefix";
        path.value = "/";
    }
}

bool is_path_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-/._~!$&'()*+,;=:@%").find(c) != std::string_view::npos;
}

void check_match_path(const HTTPPathMatch& path, const Path& at, FieldErrors& errors) {
    const std::string_view value = path.value.value_or("/");
    if (value.size() > path_bytes_max) errors.too_long(at / "value", path_bytes_max);
    if (path.type == "RegularExpression") return;
    if (!value.starts_with('/'))
        complain_rule(at, "object",
                      "value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']", errors);
    if (!std::all_of(value.begin(), value.end(), is_path_character))
        complain_rule(
            at, "object",
            R"(must only contain valid characters (matching ^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$) for type one of ['Exact', 'PathPrefix'])",
            errors);
    for (const std::string_view part : {"//", "/./", "/../", "%2f", "%2F", "#"})
        if (value.find(part) != std::string_view::npos)
            complain_rule(at, "object", fmt::format("must not contain '{}' when type one of ['Exact', 'PathPrefix']", part),
                          errors);
    for (const std::string_view end : {"/..", "/."})
        if (value.ends_with(end))
            complain_rule(at, "object", fmt::format("must not end with '{}' when type one of ['Exact', 'PathPrefix']", end),
                          errors);
}

void check_http_match(const HTTPRouteMatch& match, const Path& path, FieldErrors& errors) {
    if (match.path) check_match_path(*match.path, path / "path", errors);
    const Path headers = path / "headers", query = path / "queryParams";
    check_items_max(match.headers.size(), route_list_items_max, headers, errors);
    check_items_max(match.query_params.size(), route_list_items_max, query, errors);
    for (size_t i = 0; i < match.headers.size(); ++i) {
        const Path at = headers[i];
        check_header_name(match.headers[i].name, at / "name", errors);
    }
    for (size_t i = 0; i < match.query_params.size(); ++i) {
        const Path at = query[i];
        check_header_name(match.query_params[i].name, at / "name", errors);
    }
}

void check_path_modifier(const HTTPPathModifier& path, const Path& at, FieldErrors& errors) {
    const bool full = path.type == "ReplaceFullPath", prefix = path.type == "ReplacePrefixMatch";
    if (path.replace_full_path && !full)
        complain_rule(at, "object", "type must be 'ReplaceFullPath' when replaceFullPath is set", errors);
    if (path.replace_prefix_match && !prefix)
        complain_rule(at, "object", "type must be 'ReplacePrefixMatch' when replacePrefixMatch is set", errors);
    if (full && !path.replace_full_path)
        complain_rule(at, "object", "replaceFullPath must be specified when type is set to 'ReplaceFullPath'", errors);
    if (prefix && !path.replace_prefix_match)
        complain_rule(at, "object", "replacePrefixMatch must be specified when type is set to 'ReplacePrefixMatch'", errors);
    for (const auto& text : {path.replace_full_path.value_or(""), path.replace_prefix_match.value_or("")})
        if (text.size() > path_bytes_max) errors.too_long(at, path_bytes_max);
}

void check_redirect_filter(const HTTPRequestRedirectFilter& redirect, const Path& path, FieldErrors& errors) {
    constexpr int32_t statuses[] = {301, 302, 303, 307, 308};
    if (redirect.hostname) check_section_name(*redirect.hostname, path / "hostname", errors);
    if (redirect.path) check_path_modifier(*redirect.path, path / "path", errors);
    if (redirect.port) check_range(*redirect.port, 1, 65535, path / "port", errors);
    const int32_t status = redirect.status_code.value_or(302);
    static constexpr std::string_view supported[] = {"301", "302", "303", "307", "308"};
    if (std::ranges::find(statuses, status) == std::end(statuses))
        errors.not_supported(path / "statusCode", std::to_string(status), supported);
}

void check_http_filter(const HTTPRouteFilter& filter, const Path& path, FieldErrors& errors) {
    check_common_filter(filter, path, errors);
    check_filter_part(filter, filter.request_redirect, "RequestRedirect", "requestRedirect", path, errors);
    check_filter_part(filter, filter.url_rewrite, "URLRewrite", "urlRewrite", path, errors);
    check_filter_part(filter, filter.cors, "CORS", "cors", path, errors);
    if (filter.request_redirect) check_redirect_filter(*filter.request_redirect, path / "requestRedirect", errors);
    if (!filter.url_rewrite) return;
    const Path rewrite = path / "urlRewrite";
    if (filter.url_rewrite->hostname) check_section_name(*filter.url_rewrite->hostname, rewrite / "hostname", errors);
    if (filter.url_rewrite->path) check_path_modifier(*filter.url_rewrite->path, rewrite / "path", errors);
}

void check_http_filters(const List<HTTPRouteFilter>& filters, const Path& path, FieldErrors& errors) {
    check_items_max(filters.size(), route_list_items_max, path, errors);
    for (size_t i = 0; i < filters.size() && !errors.full(); ++i) check_http_filter(filters[i], path[i], errors);
    for (const auto type : {"CORS", "RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite"})
        check_once(filters, type, path, errors);
    if (count_filters(filters, "RequestRedirect") > 0 && count_filters(filters, "URLRewrite") > 0)
        complain_rule(path, "array",
                      "May specify either httpRouteFilterRequestRedirect or httpRouteFilterRequestRewrite, but not both",
                      errors);
}

bool replaces_prefix(const Box<HTTPPathModifier>& path) { return path && path->replace_prefix_match.has_value(); }

/// Where the prefix is replaced there has to be one, and one only.
void check_prefix_filters(const List<HTTPRouteFilter>& filters, const HTTPRouteRule& rule, const Path& path,
                          std::string_view inside, FieldErrors& errors) {
    const bool has_prefix = rule.matches.size() == 1 && rule.matches[0].path && rule.matches[0].path->type == "PathPrefix";
    if (has_prefix) return;
    for (const auto& filter : filters) {
        std::string_view name;
        if (filter.request_redirect && replaces_prefix(filter.request_redirect->path)) name = "RequestRedirect";
        if (filter.url_rewrite && replaces_prefix(filter.url_rewrite->path)) name = "URLRewrite";
        if (!name.empty())
            complain_rule(path, "object",
                          fmt::format("{} using {} filter with path.replacePrefixMatch, exactly one PathPrefix match must be "
                                      "specified",
                                      inside, name),
                          errors);
    }
}

std::optional<int64_t> check_timeout(const Opt<Str>& text, const Path& path, FieldErrors& errors) {
    if (!text) return std::nullopt;
    const auto ms = gateway_duration_ms(*text);
    if (!ms) complain_pattern(path, *text, duration_form, errors);
    return ms;
}

void check_timeouts(const HTTPRouteTimeouts& timeouts, const Path& path, FieldErrors& errors) {
    const auto whole = check_timeout(timeouts.request, path / "request", errors);
    const auto once = check_timeout(timeouts.backend_request, path / "backendRequest", errors);
    if (whole && once && *whole > 0 && *once > *whole)
        complain_rule(path, "object", "backendRequest timeout cannot be longer than request timeout", errors);
}

void check_http_backends(const HTTPRouteRule& rule, const Path& path, FieldErrors& errors) {
    const Path refs = path / "backendRefs";
    check_items_max(rule.backend_refs.size(), route_list_items_max, refs, errors);
    for (size_t i = 0; i < rule.backend_refs.size() && !errors.full(); ++i) {
        const HTTPBackendRef& ref = rule.backend_refs[i];
        const Path at = refs[i];
        check_backend_ref(ref, at, errors);
        check_range(ref.weight.value_or(1), 0, route_weight_max, at / "weight", errors);
        check_http_filters(ref.filters, at / "filters", errors);
        check_prefix_filters(ref.filters, rule, path, "Within backendRefs, when", errors);
    }
}

void check_http_rule(const HTTPRouteRule& rule, const Path& path, FieldErrors& errors) {
    const Path matches = path / "matches", filters = path / "filters";
    if (rule.name) check_section_name(*rule.name, path / "name", errors);
    check_items_max(rule.matches.size(), route_matches_max, matches, errors);
    for (size_t i = 0; i < rule.matches.size() && !errors.full(); ++i) check_http_match(rule.matches[i], matches[i], errors);
    check_http_filters(rule.filters, filters, errors);
    check_prefix_filters(rule.filters, rule, path, "When", errors);
    check_http_backends(rule, path, errors);
    if (!rule.backend_refs.empty() && count_filters(rule.filters, "RequestRedirect") > 0)
        complain_rule(path, "object", "RequestRedirect filter must not be used together with backendRefs", errors);
    if (rule.timeouts) check_timeouts(*rule.timeouts, path / "timeouts", errors);
}

void check_http_route(const HTTPRoute& route, FieldErrors& errors) { check_route(route, check_http_rule, errors); }

}  // namespace

std::optional<int64_t> gateway_duration_ms(std::string_view text) {
    constexpr size_t parts_max = 4, digits_max = 5;
    int64_t ms = 0;
    size_t parts = 0;
    while (!text.empty()) {
        const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
        int64_t number = 0;
        if (++parts > parts_max || digits > digits_max || !read_number(text.substr(0, digits), number)) return std::nullopt;
        text.remove_prefix(digits);
        const size_t letters = std::min(text.find_first_of("0123456789"), text.size());
        const std::string_view unit = text.substr(0, letters);
        text.remove_prefix(letters);
        if (unit == "h") ms += number * 3'600'000;
        else if (unit == "m") ms += number * 60'000;
        else if (unit == "s") ms += number * 1'000;
        else if (unit == "ms") ms += number;
        else return std::nullopt;
    }
    return parts == 0 ? std::nullopt : std::optional(ms);
}

const KindRules http_route_rules = {
    .complete = completed<HTTPRoute, complete_http_route>,
    .check = checked<HTTPRoute, check_http_route>,
    .row = rendered<HTTPRoute, render_route<HTTPRoute>>,
};

}  // namespace orilla::api
