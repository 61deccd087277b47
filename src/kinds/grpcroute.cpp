// GRPCRoutes.
#include <algorithm>

#include "gateway_checks.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

bool is_word(std::string_view text) {
    const auto inside = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::all_of(text.begin(), text.end(), inside);
}

bool is_service_name(std::string_view text) {
    if (text.starts_with('.')) text.remove_prefix(1);
    for (;;) {
        const size_t dot = text.find('.');
        if (!is_word(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

void check_grpc_method(const GRPCMethodMatch& method, const Path& path, FieldErrors& errors) {
    const bool is_exact = method.type.value_or("Exact") == "Exact";
    if (!method.service && !method.method)
        complain_rule(path, "object", "One or both of 'service' or 'method' must be specified", errors);
    if (is_exact && method.method && !is_word(*method.method))
        complain_rule(path, "object", "method must only contain valid characters (matching ^[A-Za-z_][A-Za-z_0-9]*$)", errors);
    if (is_exact && method.service && !is_service_name(*method.service))
        complain_rule(path, "object",
                      R"(service must only contain valid characters (matching ^(?i)\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*$))",
                      errors);
}

void check_grpc_filters(const List<GRPCRouteFilter>& filters, const Path& path, FieldErrors& errors) {
    check_items_max(filters.size(), route_list_items_max, path, errors);
    for (size_t i = 0; i < filters.size() && !errors.full(); ++i) check_common_filter(filters[i], path[i], errors);
    for (const auto type : {"RequestHeaderModifier", "ResponseHeaderModifier"}) check_once(filters, type, path, errors);
}

void check_grpc_rule(const GRPCRouteRule& rule, const Path& path, FieldErrors& errors) {
    const Path matches = path / "matches", refs = path / "backendRefs";
    if (rule.name) check_section_name(*rule.name, path / "name", errors);
    check_items_max(rule.matches.size(), route_matches_max, matches, errors);
    for (size_t i = 0; i < rule.matches.size() && !errors.full(); ++i) {
        const Path at = matches[i];
        const Path headers = at / "headers";
        if (rule.matches[i].method) check_grpc_method(*rule.matches[i].method, at / "method", errors);
        check_items_max(rule.matches[i].headers.size(), route_list_items_max, headers, errors);
        for (size_t k = 0; k < rule.matches[i].headers.size(); ++k) {
            const Path header = headers[k];
            check_header_name(rule.matches[i].headers[k].name, header / "name", errors);
        }
    }
    check_grpc_filters(rule.filters, path / "filters", errors);
    check_items_max(rule.backend_refs.size(), route_list_items_max, refs, errors);
    for (size_t i = 0; i < rule.backend_refs.size() && !errors.full(); ++i) {
        const Path at = refs[i];
        check_backend_ref(rule.backend_refs[i], at, errors);
        check_range(rule.backend_refs[i].weight.value_or(1), 0, route_weight_max, at / "weight", errors);
        check_grpc_filters(rule.backend_refs[i].filters, at / "filters", errors);
    }
}

void check_grpc_route(const GRPCRoute& route, FieldErrors& errors) { check_route(route, check_grpc_rule, errors); }

}  // namespace

const KindRules grpc_route_rules = {
    .check = checked<GRPCRoute, check_grpc_route>,
    .row = rendered<GRPCRoute, render_route<GRPCRoute>>,
};

}  // namespace orilla::api
