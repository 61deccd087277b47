#include "gateway_checks.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <tuple>

#include "orilla/base/text.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/schema/names.hpp"

namespace orilla::api {
namespace {

constexpr std::string_view subdomain_form = R"(^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)";
constexpr std::string_view hostname_form = R"(^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)";
constexpr std::string_view group_form = R"(^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)";
constexpr std::string_view kind_form = "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$";
constexpr std::string_view namespace_form = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
constexpr std::string_view header_form = R"(^[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+$)";
constexpr std::string_view controller_form =
    R"(^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9\/\-._~%!$&'()*+,;=:]+$)";
constexpr size_t value_bytes_max = 4096, header_bytes_max = 256, parents_max = 32;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void check_length(std::string_view value, size_t least, size_t most, const Path& path, FieldErrors& errors) {
    if (value.size() < least)
        errors.invalid(path, value, fmt::format("{} in body should be at least {} chars long", path.to_string(), least));
    if (value.size() > most) errors.too_long(path, most);
}

void check_headers(const List<GatewayHTTPHeader>& headers, const Path& path, FieldErrors& errors) {
    check_items_max(headers.size(), route_list_items_max, path, errors);
    for (size_t i = 0; i < headers.size(); ++i) {
        const Path at = path[i];
        check_header_name(headers[i].name, at / "name", errors);
        check_length(headers[i].value, 1, value_bytes_max, at / "value", errors);
        for (size_t k = 0; k < i; ++k)
            if (equal_fold(headers[k].name, headers[i].name)) errors.duplicate(at, headers[i].name);
    }
}

auto parent_of(const ParentReference& ref) {
    return std::tuple(ref.group.value_or(""), ref.kind.value_or(""), ref.namespace_.value_or(""), ref.name.view());
}

}  // namespace

void complain_pattern(const Path& path, std::string_view value, std::string_view pattern, FieldErrors& errors) {
    errors.invalid(path, value, fmt::format("{} in body should match '{}'", path.to_string(), pattern));
}
void complain_rule(const Path& path, std::string_view what, std::string_view message, FieldErrors& errors) {
    errors.invalid(path, what, message);
}
void check_items_max(size_t items, size_t items_max, const Path& path, FieldErrors& errors) {
    if (items > items_max) errors.too_many(path, items, items_max);
}
void check_range(int64_t value, int64_t least, int64_t most, const Path& path, FieldErrors& errors) {
    if (value < least)
        errors.invalid(path, value, fmt::format("{} in body should be greater than or equal to {}", path.to_string(), least));
    if (value > most)
        errors.invalid(path, value, fmt::format("{} in body should be less than or equal to {}", path.to_string(), most));
}

void check_gateway_hostname(std::string_view host, const Path& path, FieldErrors& errors) {
    check_length(host, 1, dns_subdomain_bytes_max, path, errors);
    const std::string_view name = host.starts_with("*.") ? host.substr(2) : host;
    if (!host.empty() && host.size() <= dns_subdomain_bytes_max && !check_dns1123_subdomain(name).empty())
        complain_pattern(path, host, hostname_form, errors);
}
void check_section_name(std::string_view name, const Path& path, FieldErrors& errors) {
    check_length(name, 1, dns_subdomain_bytes_max, path, errors);
    if (!name.empty() && name.size() <= dns_subdomain_bytes_max && !check_dns1123_subdomain(name).empty())
        complain_pattern(path, name, subdomain_form, errors);
}
void check_group(std::string_view group, const Path& path, FieldErrors& errors) {
    if (!group.empty() && !check_dns1123_subdomain(group).empty()) complain_pattern(path, group, group_form, errors);
}
void check_kind_name(std::string_view kind, const Path& path, FieldErrors& errors) {
    const auto inside = [](char c) { return is_letter(c) || is_digit(c) || c == '-'; };
    const bool fits = !kind.empty() && kind.size() <= 63 && is_letter(kind.front()) && kind.back() != '-' &&
                      std::all_of(kind.begin(), kind.end(), inside);
    if (!fits) complain_pattern(path, kind, kind_form, errors);
}
void check_namespace_ref(std::string_view ns, const Path& path, FieldErrors& errors) {
    if (!check_dns1123_label(ns).empty()) complain_pattern(path, ns, namespace_form, errors);
}
void check_controller_name(std::string_view name, const Path& path, FieldErrors& errors) {
    if (name.size() > dns_subdomain_bytes_max) errors.too_long(path, dns_subdomain_bytes_max);
    else if (!check_domain_prefixed_path(name).empty()) complain_pattern(path, name, controller_form, errors);
}
void check_header_name(std::string_view name, const Path& path, FieldErrors& errors) {
    const auto inside = [](char c) {
        return is_letter(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    check_length(name, 0, header_bytes_max, path, errors);
    if (!std::all_of(name.begin(), name.end(), inside)) complain_pattern(path, name, header_form, errors);
}

void check_parent_refs(const List<ParentReference>& refs, const Path& path, FieldErrors& errors) {
    check_items_max(refs.size(), parents_max, path, errors);
    if (errors.full() || refs.size() > parents_max) return;
    bool is_mixed = false, is_double = false;
    for (size_t i = 0; i < refs.size(); ++i) {
        const Path at = path[i];
        check_group(refs[i].group.value_or(""), at / "group", errors);
        check_kind_name(refs[i].kind.value_or("Gateway"), at / "kind", errors);
        if (refs[i].namespace_) check_namespace_ref(*refs[i].namespace_, at / "namespace", errors);
        if (refs[i].section_name) check_section_name(*refs[i].section_name, at / "sectionName", errors);
        if (refs[i].port) check_range(*refs[i].port, 1, 65535, at / "port", errors);
        for (size_t k = 0; k < i; ++k) {
            if (parent_of(refs[i]) != parent_of(refs[k])) continue;
            const std::string_view a = refs[i].section_name.value_or(""), b = refs[k].section_name.value_or("");
            is_mixed |= a.empty() != b.empty();
            is_double |= a == b;
        }
    }
    if (is_mixed)
        complain_rule(path, "array",
                      "sectionName must be specified when parentRefs includes 2 or more references to the same parent", errors);
    if (is_double)
        complain_rule(path, "array",
                      "sectionName must be unique when parentRefs includes 2 or more references to the same parent", errors);
}

void check_hostnames(const List<Str>& hosts, const Path& path, FieldErrors& errors) {
    check_items_max(hosts.size(), route_list_items_max, path, errors);
    for (size_t i = 0; i < hosts.size() && !errors.full(); ++i) check_gateway_hostname(hosts[i], path[i], errors);
}

void check_header_filter(const HTTPHeaderFilter& filter, const Path& path, FieldErrors& errors) {
    check_headers(filter.set, path / "set", errors);
    check_headers(filter.add, path / "add", errors);
    const Path remove = path / "remove";
    check_items_max(filter.remove.size(), route_list_items_max, remove, errors);
    for (size_t i = 0; i < filter.remove.size(); ++i) check_header_name(filter.remove[i], remove[i], errors);
}

void check_mirror_filter(const HTTPRequestMirrorFilter& filter, const Path& path, FieldErrors& errors) {
    check_backend_ref(filter.backend_ref, path / "backendRef", errors);
    if (filter.percent) check_range(*filter.percent, 0, 100, path / "percent", errors);
    if (filter.percent && filter.fraction)
        complain_rule(path, "object", "Only one of percent or fraction may be specified in HTTPRequestMirrorFilter", errors);
    if (!filter.fraction) return;
    const Path fraction = path / "fraction";
    const int32_t denominator = filter.fraction->denominator.value_or(100);
    check_range(filter.fraction->numerator, 0, INT32_MAX, fraction / "numerator", errors);
    check_range(denominator, 1, INT32_MAX, fraction / "denominator", errors);
    if (filter.fraction->numerator > denominator)
        complain_rule(fraction, "object", "numerator must be less than or equal to denominator", errors);
}

std::string_view condition_status(const List<Condition>& conditions, std::string_view type) {
    for (const auto& condition : conditions)
        if (condition.type == type) return condition.status;
    return {};
}

Condition waiting_condition(std::string_view type) {
    Condition out;
    out.type = Str(type);
    out.status = "Unknown";
    out.reason = "Pending";
    out.message = "Waiting for controller";
    out.last_transition_time = Time(0);
    return out;
}

std::string hostnames_text(const List<Str>& hosts) {
    if (hosts.empty()) return {};
    std::string out = "[";
    for (const auto& host : hosts) {
        if (out.size() > 1) out += ',';
        append_json_string(out, host);
    }
    return out + "]";
}

}  // namespace orilla::api
