#include "orilla/objects/terms.hpp"

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/storage_facts.hpp"

namespace orilla::objects {
namespace {

std::string join(std::string_view what, std::string_view ns, std::string_view key, std::string_view value) {
    std::string out;
    out.reserve(what.size() + ns.size() + key.size() + value.size() + 3);
    return out.append(what).append("/").append(ns).append("/").append(key).append("=").append(value);
}
std::string join(std::string_view what, std::string_view name) { return std::string(what).append("/").append(name); }

constexpr std::string_view owner = "owner", orphan = "orphan", label = "label", node = "node", selector = "selector",
                           claim_user = "claim", space = "namespace";

}  // namespace

Term owned_by(std::string_view uid) { return {owner_terms, join(owner, uid)}; }
Term orphans_in(std::string_view ns) { return {owner_terms, join(orphan, ns)}; }
Term orphans_labelled(std::string_view ns, std::string_view key, std::string_view value) {
    return {owner_terms, join(orphan, ns, key, value)};
}
Term labelled(std::string_view ns, std::string_view key, std::string_view value) {
    return {label_terms, join(label, ns, key, value)};
}
Term in_namespace(std::string_view ns) { return {namespace_terms, join(space, ns)}; }
Term on_node(std::string_view name) { return {node_terms, join(node, name)}; }
std::string selecting(std::string_view ns, std::string_view key, std::string_view value) {
    return join(selector, ns, key, value);
}
std::string selecting_otherwise(std::string_view ns) { return join(selector, ns); }

void owner_terms(const api::Object& object, std::vector<std::string>& terms) {
    const api::ObjectMeta& meta = object.meta();
    if (const auto* controller = api::find_controller(meta)) return terms.push_back(join(owner, controller->uid));
    terms.push_back(join(orphan, meta.namespace_));
    for (const auto& [key, value] : meta.labels) terms.push_back(join(orphan, meta.namespace_, key, value));
}

void label_terms(const api::Object& object, std::vector<std::string>& terms) {
    for (const auto& [key, value] : object.meta().labels) terms.push_back(join(label, object.meta().namespace_, key, value));
}

void namespace_terms(const api::Object& object, std::vector<std::string>& terms) {
    terms.push_back(join(space, object.meta().namespace_));
}

void node_terms(const api::Object& pod, std::vector<std::string>& terms) {
    const api::Str& name = pod.as<api::Pod>().spec.node_name;
    if (!name.empty()) terms.push_back(join(node, name));
}

Term using_claim(std::string_view ns, std::string_view claim) { return {claim_user_terms, join(claim_user, ns, claim, "")}; }

std::vector<std::string> claims_of(const api::Pod& pod) {
    std::vector<std::string> names;
    for (const auto& volume : pod.spec.volumes) {
        if (volume.persistent_volume_claim) names.push_back(volume.persistent_volume_claim->claim_name.str());
        else if (volume.ephemeral) names.push_back(api::ephemeral_claim_name(pod, volume));
    }
    return names;
}

void claim_user_terms(const api::Object& object, std::vector<std::string>& terms) {
    for (const auto& name : claims_of(object.as<api::Pod>()))
        terms.push_back(join(claim_user, object.meta().namespace_, name, ""));
}

void add_selector_term(std::string_view ns, const api::Map<api::Str>& of, std::vector<std::string>& terms) {
    if (of.empty()) return;
    const auto& [key, value] = *of.begin();
    terms.push_back(selecting(ns, key, value));
}

void add_selector_term(std::string_view ns, const api::Box<api::LabelSelector>& of, std::vector<std::string>& terms) {
    if (!of) return;
    if (of->match_labels.empty()) return terms.push_back(selecting_otherwise(ns));
    add_selector_term(ns, of->match_labels, terms);
}

}  // namespace orilla::objects
