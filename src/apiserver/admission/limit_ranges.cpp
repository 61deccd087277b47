// The reference server's plug-in LimitRanger.
#include "admission/limit_ranges.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "admission/plugins.hpp"
#include "orilla/kinds/quota.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::apiserver {

namespace {

using api::Amounts;
using api::Quantity;

constexpr std::string_view filled_annotation = "kubernetes.io/limit-ranger";

/// The names of those that were missing, with commas.
std::string fill_missing_amounts(Amounts& amounts, const Amounts& from) {
    std::string filled;
    for (const auto& [name, amount] : from) {
        if (amounts.contains(name)) continue;
        amounts[name] = amount;
        filled += (filled.empty() ? "" : ", ") + name.str();
    }
    return filled;
}

struct Filler {
    Amounts requests, limits;
    std::string note = {};

    void fill(api::Container& container, std::string_view what) {
        const std::string of_limits = fill_missing_amounts(container.resources.limits, limits);
        const std::string of_requests = fill_missing_amounts(container.resources.requests, requests);
        add_note(of_requests, "request", what, container.name);
        add_note(of_limits, "limit", what, container.name);
    }
    void add_note(const std::string& filled, std::string_view field, std::string_view what, const api::Str& name) {
        if (filled.empty()) return;
        note += fmt::format("{}{} {} for {} {}", note.empty() ? "" : "; ", filled, field, what, name.view());
    }
};

/// What is asked for, and by what rule of which type it is judged.
struct Judge {
    std::string_view type;
    const Amounts& requests;
    const Amounts& limits;
    std::vector<std::string>& reasons;

    void tell(std::string reason) const {
        if (std::ranges::find(reasons, reason) == reasons.end()) reasons.push_back(std::move(reason));
    }
    void check_min(std::string_view name, const Quantity& min) const {
        const Quantity *request = requests.get(name), *limit = limits.get(name);
        const std::string rule = fmt::format("minimum {} usage per {} is {}", name, type, min.text.view());
        if (!request) tell(rule + ".  No request is specified");
        else if (request->compare(min) < 0) tell(rule + ", but request is " + request->text.str());
        else if (limit && limit->compare(min) < 0) tell(rule + ", but limit is " + limit->text.str());
    }
    void check_max(std::string_view name, const Quantity& max) const {
        const Quantity *request = requests.get(name), *limit = limits.get(name);
        const std::string rule = fmt::format("maximum {} usage per {} is {}", name, type, max.text.view());
        if (!limit) tell(rule + ".  No limit is specified");
        else if (limit->compare(max) > 0) tell(rule + ", but limit is " + limit->text.str());
        else if (request && request->compare(max) > 0) tell(rule + ", but request is " + request->text.str());
    }
    void check_max_request(std::string_view name, const Quantity& max) const {
        const Quantity* request = requests.get(name);
        const std::string rule = fmt::format("maximum {} usage per {} is {}", name, type, max.text.view());
        if (!request) tell(rule + ".  No request is specified");
        else if (request->compare(max) > 0) tell(rule + ", but request is " + request->text.str());
    }
    void check_ratio(std::string_view name, const Quantity& most) const {
        const Quantity *request = requests.get(name), *limit = limits.get(name);
        const std::string rule = fmt::format("{} max limit to request ratio per {} is {}", name, type, most.text.view());
        if (!request || request->milli_value() == 0) return tell(rule + ", but no request is specified or request is 0");
        if (!limit || limit->milli_value() == 0) return tell(rule + ", but no limit is specified or limit is 0");
        const double ratio = static_cast<double>(limit->milli_value()) / static_cast<double>(request->milli_value());
        if (ratio * 1000 > static_cast<double>(most.milli_value()))
            tell(fmt::format("{}, but provided ratio is {}", rule, std::to_string(ratio)));
    }
    void check(const api::LimitRangeItem& item) const {
        for (const auto& [name, min] : item.min) check_min(name, min);
        for (const auto& [name, max] : item.max) check_max(name, max);
        for (const auto& [name, most] : item.max_limit_request_ratio) check_ratio(name, most);
    }
};

class LimitRanges final : public objects::Admission {
  public:
    explicit LimitRanges(objects::Objects& objects) : objects_(objects) {}

    bool handles(const objects::WriteInfo& write) const override {
        if (write.part == objects::Part::resize) return true;
        if (write.operation == objects::Operation::remove || !write.subresource.empty()) return false;
        if (&write.kind == &api::kind_of<api::PersistentVolumeClaim>()) return true;
        return write.operation == objects::Operation::create && &write.kind == &api::kind_of<api::Pod>();
    }
    objects::Task<Result<void>> on_create(api::Object& object, const objects::AdmissionRequest&) override {
        if (&object.kind() != &api::kind_of<api::Pod>()) co_return ok();
        for (const auto& range : objects_.list<api::LimitRange>(object.meta().namespace_))
            fill_in_limits(object.as<api::Pod>(), range->spec);
        co_return ok();
    }
    objects::Task<Result<void>> on_valid(const api::Object& object, const api::Object* old,
                                         const objects::AdmissionRequest&) override {
        const bool of_claim = &object.kind() == &api::kind_of<api::PersistentVolumeClaim>();
        if (old && of_claim && !asks_for_another(object, *old)) co_return ok();
        for (const auto& range : objects_.list<api::LimitRange>(object.meta().namespace_)) {
            const auto reasons = &object.kind() == &api::kind_of<api::Pod>()
                                     ? beyond_limits(object.as<api::Pod>().spec, range->spec)
                                     : beyond_limits(object.as<api::PersistentVolumeClaim>().spec, range->spec);
            if (!reasons.empty()) co_return refuse(object, reasons);
        }
        co_return ok();
    }

  private:
    /// A claim that was there before its limits can be bound, labelled and given up.
    static bool asks_for_another(const api::Object& claim, const api::Object& old) {
        const auto& requests = claim.as<api::PersistentVolumeClaim>().spec.resources.requests;
        return !(requests == old.as<api::PersistentVolumeClaim>().spec.resources.requests);
    }
    static Error refuse(const api::Object& object, const std::vector<std::string>& reasons) {
        std::string why;
        for (const std::string& reason : reasons) why += (why.empty() ? "" : ", ") + reason;
        if (reasons.size() > 1) why = "[" + why + "]";
        return api::make_forbidden_error(object.kind().group, object.kind().plural, object.meta().name, why);
    }
    objects::Objects& objects_;
};

}  // namespace

void fill_in_limits(api::Pod& pod, const api::LimitRangeSpec& range) {
    Filler filler;
    for (const auto& item : range.limits) {
        if (item.type != "Container") continue;
        filler.requests = item.default_request;
        filler.limits = item.default_;
    }
    for (auto& container : pod.spec.containers) filler.fill(container, "container");
    for (auto& container : pod.spec.init_containers) filler.fill(container, "init container");
    if (!filler.note.empty()) pod.metadata.annotations[filled_annotation] = api::Str("LimitRanger plugin set: " + filler.note);
}

std::vector<std::string> beyond_limits(const api::PodSpec& pod, const api::LimitRangeSpec& range) {
    std::vector<std::string> reasons;
    for (const auto& item : range.limits) {
        if (item.type == "Container") {
            for (const auto* containers : {&pod.containers, &pod.init_containers})
                for (const auto& container : *containers)
                    Judge{item.type, container.resources.requests, container.resources.limits, reasons}.check(item);
        } else if (item.type == "Pod") {
            const Amounts requests = api::pod_requests(pod), limits = api::pod_limits(pod);
            Judge{item.type, requests, limits, reasons}.check(item);
        }
    }
    return reasons;
}

std::vector<std::string> beyond_limits(const api::PersistentVolumeClaimSpec& claim, const api::LimitRangeSpec& range) {
    std::vector<std::string> reasons;
    for (const auto& item : range.limits) {
        if (item.type != "PersistentVolumeClaim") continue;
        const Amounts no_limits;
        const Judge judge{item.type, claim.resources.requests, no_limits, reasons};
        for (const auto& [name, min] : item.min) judge.check_min(name, min);
        for (const auto& [name, max] : item.max) judge.check_max_request(name, max);
    }
    return reasons;
}

Plugin make_limit_ranges(objects::Objects& objects, const AdmissionOptions&) { return std::make_unique<LimitRanges>(objects); }

}  // namespace orilla::apiserver
