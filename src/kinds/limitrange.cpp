// LimitRanges. One that contradicts itself is not stored: every pod would be refused for one of its two reasons.
#include <fmt/core.h>

#include <set>

#include "amounts.hpp"
#include "checks.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void fill_missing(Map<Quantity>& amounts, const Map<Quantity>& from) {
    for (const auto& [name, amount] : from)
        if (!amounts.contains(name)) amounts[name] = amount;
}

void complete_limit_range(LimitRange& range) {
    for (LimitRangeItem& item : range.spec.limits) {
        for (Map<Quantity>* amounts :
             {&item.max, &item.min, &item.default_, &item.default_request, &item.max_limit_request_ratio})
            round_to_milli(*amounts);
        if (item.type != "Container") continue;
        fill_missing(item.default_, item.max);
        fill_missing(item.default_request, item.default_);
        fill_missing(item.default_request, item.min);
    }
}

/// One resource of an item; null is what is not said.
struct Limits {
    const Quantity *min, *max, *limit, *request, *ratio;
};

void check_order(const Quantity* low, const Quantity* high, std::string_view low_name, std::string_view high_name,
                 const Path& path, const Quantity* shown, FieldErrors& errors) {
    if (!low || !high || low->compare(*high) <= 0) return;
    errors.invalid(path, shown->text,
                   fmt::format("{} value {} is greater than {} value {}", low_name, low->text, high_name, high->text));
}

void check_ratio(const Limits& of, const Path& path, FieldErrors& errors) {
    if (!of.ratio) return;
    if (of.ratio->compare(Quantity::from_milli(1000)) < 0)
        errors.invalid(path, of.ratio->text, fmt::format("ratio {} is less than 1", of.ratio->text));
    if (!of.min || !of.max || of.min->milli_value() == 0) return;
    const double most = static_cast<double>(of.max->milli_value()) / static_cast<double>(of.min->milli_value());
    if (static_cast<double>(of.ratio->milli_value()) / 1000 > most)
        errors.invalid(path, of.ratio->text,
                       fmt::format("ratio {} is greater than max/min = {}", of.ratio->text, std::to_string(most)));
}

void check_limits(std::string_view name, const Limits& of, const Path& item, FieldErrors& errors) {
    const Path min = item / "min", limit = item / "default", request = item / "defaultRequest";
    const Path ratio = item / "maxLimitRequestRatio";
    check_order(of.min, of.max, "min", "max", min.key(name), of.min, errors);
    check_order(of.min, of.request, "min", "default request", request.key(name), of.request, errors);
    check_order(of.request, of.max, "default request", "max", request.key(name), of.request, errors);
    check_order(of.request, of.limit, "default request", "default limit", request.key(name), of.request, errors);
    check_order(of.min, of.limit, "min", "default", limit.key(name), of.min, errors);
    check_order(of.limit, of.max, "default", "max", limit.key(name), of.max, errors);
    check_ratio(of, ratio.key(name), errors);
    if (is_overcommitted(name) || !of.limit || !of.request || of.limit->compare(*of.request) == 0) return;
    errors.invalid(
        request.key(name), of.request->text,
        fmt::format("default value {} must equal to defaultRequest value {} in {}", of.limit->text, of.request->text, name));
}

void check_names(const Map<Quantity>& amounts, bool of_containers, const Path& path, std::set<std::string_view>& names,
                 FieldErrors& errors) {
    for (const auto& [name, amount] : amounts) {
        const Path at = path.key(name);
        if (of_containers) check_container_resource(name, at, errors);
        else check_resource(name, at, errors);
        if (amount.compare(Quantity()) < 0) errors.invalid(at, amount.text, "must be greater than or equal to 0");
        names.insert(name.view());
    }
}

void check_type(std::string_view type, const Path& path, FieldErrors& errors) {
    if (type.empty()) return;  // the tables tell of it
    const Complaints complaints = check_qualified_name(type);
    errors.complain(path, type, complaints);
    const bool known = type == "Container" || type == "Pod" || type == "PersistentVolumeClaim";
    if (complaints.empty() && !known && type.find('/') == type.npos)
        errors.invalid(path, type, "must be a standard limit type or fully qualified");
    // Kubernetes takes limits of other people's types, which somebody else enforces; here is nobody.
    else if (complaints.empty() && !known) errors.forbidden(path, "nothing here enforces limits of this type");
}

void check_item(const LimitRangeItem& item, const Path& path, FieldErrors& errors) {
    const bool of_pods = item.type == "Pod", of_claims = item.type == "PersistentVolumeClaim";
    std::set<std::string_view> names;
    const Path limit = path / "default", request = path / "defaultRequest";
    check_names(item.max, !of_claims, path / "max", names, errors);
    check_names(item.min, !of_claims, path / "min", names, errors);
    if (of_pods) {
        constexpr std::string_view not_for_pods = "may not be specified when `type` is 'Pod'";
        if (!item.default_.empty()) errors.forbidden(limit, not_for_pods);
        if (!item.default_request.empty()) errors.forbidden(request, not_for_pods);
    } else {
        check_names(item.default_, !of_claims, limit, names, errors);
        check_names(item.default_request, !of_claims, request, names, errors);
    }
    if (of_claims && !item.min.contains("storage") && !item.max.contains("storage"))
        errors.required(path / "limits", "either minimum or maximum storage value is required, but neither was provided");
    check_names(item.max_limit_request_ratio, !of_claims, path / "maxLimitRequestRatio", names, errors);
    for (const std::string_view name : names)
        check_limits(name,
                     {item.min.get(name), item.max.get(name), of_pods ? nullptr : item.default_.get(name),
                      of_pods ? nullptr : item.default_request.get(name), item.max_limit_request_ratio.get(name)},
                     path, errors);
}

void check_limit_range(const LimitRange& range, FieldErrors& errors) {
    const Path spec("spec");
    const Path limits = spec / "limits";
    std::set<std::string_view> types;
    for (size_t i = 0; i < range.spec.limits.size() && !errors.full(); ++i) {
        const LimitRangeItem& item = range.spec.limits[i];
        const Path at = limits[i];
        const Path type = at / "type";
        check_type(item.type, type, errors);
        if (!types.insert(item.type.view()).second) errors.duplicate(type, item.type);
        check_item(item, at, errors);
    }
}

Row render_limit_range(const LimitRange& range, int64_t) {
    return {range.metadata.name.view(), range.metadata.creation_timestamp.format()};
}

}  // namespace

const KindRules limit_range_rules = {
    .complete = completed<LimitRange, complete_limit_range>,
    .check = checked<LimitRange, check_limit_range>,
    .row = rendered<LimitRange, render_limit_range>,
};

}  // namespace orilla::api
