// What several kinds of the Gateway API check, in the words of the reference server about its CRDs.
#pragma once

#include <string_view>

#include "checks.hpp"
#include "orilla/kinds/kind_rules.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::api {

/// "PATH in body should match 'PATTERN'".
void complain_pattern(const Path& path, std::string_view value, std::string_view pattern, FieldErrors& errors);
/// What a CEL rule of the CRD says about an object or a list.
void complain_rule(const Path& path, std::string_view what, std::string_view message, FieldErrors& errors);
void check_items_max(size_t items, size_t items_max, const Path& path, FieldErrors& errors);
void check_range(int64_t value, int64_t least, int64_t most, const Path& path, FieldErrors& errors);

/// Exact, or a wildcard.
void check_gateway_hostname(std::string_view host, const Path& path, FieldErrors& errors);
void check_section_name(std::string_view name, const Path& path, FieldErrors& errors);
void check_group(std::string_view group, const Path& path, FieldErrors& errors);
void check_kind_name(std::string_view kind, const Path& path, FieldErrors& errors);
void check_namespace_ref(std::string_view ns, const Path& path, FieldErrors& errors);
void check_controller_name(std::string_view name, const Path& path, FieldErrors& errors);
/// Of a header.
void check_header_name(std::string_view name, const Path& path, FieldErrors& errors);

void check_parent_refs(const List<ParentReference>& refs, const Path& path, FieldErrors& errors);
void check_hostnames(const List<Str>& hosts, const Path& path, FieldErrors& errors);
void check_header_filter(const HTTPHeaderFilter& filter, const Path& path, FieldErrors& errors);
void check_mirror_filter(const HTTPRequestMirrorFilter& filter, const Path& path, FieldErrors& errors);

/// Of a reference to a backend of any of the types that have these fields.
template <class Ref>
void check_backend_ref(const Ref& ref, const Path& path, FieldErrors& errors) {
    const std::string_view group = ref.group.value_or(""), kind = ref.kind.value_or(kind_of<Service>().kind);
    check_group(group, path / "group", errors);
    check_kind_name(kind, path / "kind", errors);
    if (ref.namespace_) check_namespace_ref(*ref.namespace_, path / "namespace", errors);
    if (ref.port) check_range(*ref.port, 1, 65535, path / "port", errors);
    else if (group.empty() && kind == kind_of<Service>().kind)
        complain_rule(path, "object", "Must have port for Service reference", errors);
}

/// A filter's type and its own part go together; `part` is what that part is called.
template <class Filter, class Member>
void check_filter_part(const Filter& filter, const Member& member, std::string_view type, std::string_view part,
                       const Path& path, FieldErrors& errors) {
    if (filter.type == type && !member)
        complain_rule(
            path, "object",
            std::string("filter.") + std::string(part) + " must be specified for " + std::string(type) + " filter.type",
            errors);
    if (filter.type != type && member)
        complain_rule(
            path, "object",
            std::string("filter.") + std::string(part) + " must be nil if the filter.type is not " + std::string(type), errors);
}

template <class Filter>
size_t count_filters(const List<Filter>& filters, std::string_view type) {
    size_t count = 0;
    for (const auto& filter : filters) count += filter.type == type;
    return count;
}

/// What the filters of all kinds of routes have in common.
template <class Filter>
void check_common_filter(const Filter& filter, const Path& path, FieldErrors& errors) {
    check_filter_part(filter, filter.request_header_modifier, "RequestHeaderModifier", "requestHeaderModifier", path, errors);
    check_filter_part(filter, filter.response_header_modifier, "ResponseHeaderModifier", "responseHeaderModifier", path,
                      errors);
    check_filter_part(filter, filter.request_mirror, "RequestMirror", "requestMirror", path, errors);
    check_filter_part(filter, filter.extension_ref, "ExtensionRef", "extensionRef", path, errors);
    if (filter.request_header_modifier)
        check_header_filter(*filter.request_header_modifier, path / "requestHeaderModifier", errors);
    if (filter.response_header_modifier)
        check_header_filter(*filter.response_header_modifier, path / "responseHeaderModifier", errors);
    if (filter.request_mirror) check_mirror_filter(*filter.request_mirror, path / "requestMirror", errors);
}

template <class Filter>
void check_once(const List<Filter>& filters, std::string_view type, const Path& path, FieldErrors& errors) {
    if (count_filters(filters, type) > 1)
        complain_rule(path, "array", std::string(type) + " filter cannot be repeated", errors);
}

inline constexpr size_t route_matches_max = 64, all_route_matches_max = 128;
inline constexpr int64_t route_weight_max = 1'000'000;
inline constexpr size_t route_list_items_max = 16;  ///< of rules, filters, backends

/// "True", "False", "Unknown", or nothing.
std::string_view condition_status(const List<Condition>& conditions, std::string_view type);
/// A new class or gateway, before its controller has seen it.
Condition waiting_condition(std::string_view type);
/// As JSON: ["a.example","b.example"].
std::string hostnames_text(const List<Str>& hosts);

/// What HTTPRoute and GRPCRoute have in common; `check_rule(rule, path, errors)`.
template <class Route, class CheckRule>
void check_route(const Route& route, const CheckRule& check_rule, FieldErrors& errors) {
    const Path spec("spec");
    const Path rules = spec / "rules";
    check_parent_refs(route.spec.parent_refs, spec / "parentRefs", errors);
    check_hostnames(route.spec.hostnames, spec / "hostnames", errors);
    check_items_max(route.spec.rules.size(), route_list_items_max, rules, errors);
    size_t matches = 0;
    for (size_t i = 0; i < route.spec.rules.size() && !errors.full(); ++i) {
        check_rule(route.spec.rules[i], rules[i], errors);
        matches += route.spec.rules[i].matches.size();
    }
    if (matches > all_route_matches_max)
        complain_rule(rules, "array",
                      "While 16 rules and 64 matches per rule are allowed, the total number of matches across all rules in a "
                      "route must be less than 128",
                      errors);
}
template <class Route>
Row render_route(const Route& route, int64_t now) {
    return {route.metadata.name.view(), hostnames_text(route.spec.hostnames),
            render_age(route.metadata.creation_timestamp, now)};
}

}  // namespace orilla::api
