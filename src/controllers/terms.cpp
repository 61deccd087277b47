#include "terms.hpp"

#include "pod_facts.hpp"
#include "service/endpoints_plan.hpp"

namespace orilla::controllers {

std::string owned_by(std::string_view uid) { return "owner/" + std::string(uid); }
std::string orphans_in(std::string_view ns) { return "orphan/" + std::string(ns); }
std::string labelled(std::string_view ns, std::string_view key, std::string_view value) {
    return "label/" + std::string(ns) + "/" + std::string(key) + "=" + std::string(value);
}

std::string selecting(std::string_view ns, std::string_view key, std::string_view value) {
    return "selector/" + std::string(ns) + "/" + std::string(key) + "=" + std::string(value);
}
std::string slices_of(std::string_view ns, std::string_view service) {
    return "service/" + std::string(ns) + "/" + std::string(service);
}

void owner_terms(const api::Object& object, std::vector<std::string>& terms) {
    const auto* controller = find_controller(object.meta());
    terms.push_back(controller ? owned_by(controller->uid) : orphans_in(object.meta().namespace_));
}

void label_terms(const api::Object& object, std::vector<std::string>& terms) {
    for (const auto& [key, value] : object.meta().labels) terms.push_back(labelled(object.meta().namespace_, key, value));
}

void owner_and_label_terms(const api::Object& object, std::vector<std::string>& terms) {
    owner_terms(object, terms);
    label_terms(object, terms);
}

void selector_terms(const api::Object& service, std::vector<std::string>& terms) {
    const auto& selector = service.as<api::Service>().spec.selector;
    if (selector.empty()) return;
    const auto& [key, value] = *selector.begin();
    terms.push_back(selecting(service.meta().namespace_, key, value));
}

void slice_terms(const api::Object& slice, std::vector<std::string>& terms) {
    const auto* service = slice.meta().labels.get(service_name_label);
    if (service) terms.push_back(slices_of(slice.meta().namespace_, *service));
}

}  // namespace orilla::controllers
