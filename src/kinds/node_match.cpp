#include "orilla/kinds/node_match.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace orilla::api {
namespace {

std::optional<int64_t> read_label_number(std::string_view text) {
    int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size()) return {};
    return number;
}

bool compares(const NodeSelectorRequirement& requirement, std::string_view have) {
    if (requirement.values.size() != 1) return false;
    const auto a = read_label_number(have), b = read_label_number(requirement.values[0]);
    return a && b && (requirement.operator_ == "Gt" ? *a > *b : *a < *b);
}

/// `have`: what the node says, null when it says nothing.
bool holds(const NodeSelectorRequirement& requirement, const Str* have) {
    const std::string_view op = requirement.operator_;
    const auto is_listed = [&] {
        return have && std::find(requirement.values.begin(), requirement.values.end(), *have) != requirement.values.end();
    };
    if (op == "In") return is_listed();
    if (op == "NotIn") return !is_listed();
    if (op == "Exists") return have != nullptr;
    if (op == "DoesNotExist") return have == nullptr;
    return have && compares(requirement, *have);
}

bool holds(const NodeSelectorTerm& term, const Node& node) {
    if (term.match_expressions.empty() && term.match_fields.empty()) return false;
    for (const auto& requirement : term.match_expressions)
        if (!holds(requirement, node.metadata.labels.get(requirement.key))) return false;
    for (const auto& requirement : term.match_fields)
        if (requirement.key != "metadata.name" || !holds(requirement, &node.metadata.name)) return false;
    return true;
}

}  // namespace

bool tolerates(const Toleration& toleration, const Taint& taint) {
    if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
    if (toleration.key.empty()) return toleration.operator_ == "Exists";
    if (toleration.key != taint.key) return false;
    return toleration.operator_ == "Exists" || toleration.value == taint.value;
}

const Taint* find_untolerated(const Node& node, const List<Toleration>& tolerations,
                              std::span<const std::string_view> effects) {
    for (const Taint& taint : node.spec.taints) {
        if (std::find(effects.begin(), effects.end(), taint.effect.view()) == effects.end()) continue;
        const bool fine =
            std::any_of(tolerations.begin(), tolerations.end(), [&](const Toleration& one) { return tolerates(one, taint); });
        if (!fine) return &taint;
    }
    return nullptr;
}

bool matches(const NodeSelector& selector, const Node& node) {
    return std::any_of(selector.node_selector_terms.begin(), selector.node_selector_terms.end(),
                       [&](const NodeSelectorTerm& term) { return holds(term, node); });
}

bool asks_for_node(const PodSpec& spec, const Node& node) {
    for (const auto& [key, value] : spec.node_selector) {
        const Str* have = node.metadata.labels.get(key);
        if (!have || *have != value) return false;
    }
    if (!spec.affinity || !spec.affinity->node_affinity) return true;
    const auto& required = spec.affinity->node_affinity->required_during_scheduling_ignored_during_execution;
    return !required || matches(*required, node);
}

}  // namespace orilla::api
