// create poddisruptionbudget and create priorityclass.
#include <algorithm>
#include <boost/json.hpp>

#include "orilla/schema/selectors.hpp"
#include "print/output.hpp"
#include "resources.hpp"
#include "verbs/create.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

/// As an object holds it: equalities are labels, everything else an expression.
Result<json::object> make_label_selector(const std::string& text) {
    using Operator = api::Requirement::Operator;
    auto parsed = api::Selector::parse(text);
    if (!parsed) return usage(parsed.error().message());
    json::object labels;
    json::array expressions;
    for (const auto& one : parsed->requirements()) {
        if (one.op == Operator::equals) {
            labels[one.key] = one.values[0];
            continue;
        }
        const std::pair<Operator, const char*> names[] = {{Operator::in, "In"},
                                                          {Operator::not_in, "NotIn"},
                                                          {Operator::exists, "Exists"},
                                                          {Operator::does_not_exist, "DoesNotExist"}};
        const auto name = std::ranges::find(names, one.op, &std::pair<Operator, const char*>::first);
        if (name == std::end(names)) return usage("a budget's selector has =, in, notin, and keys that are or are not there");
        json::object expression{{"key", one.key}, {"operator", name->second}};
        json::array values;
        for (const auto& value : one.values) values.emplace_back(value);
        if (!values.empty()) expression["values"] = std::move(values);
        expressions.emplace_back(std::move(expression));
    }
    json::object out;
    if (!labels.empty()) out["matchLabels"] = std::move(labels);
    if (!expressions.empty()) out["matchExpressions"] = std::move(expressions);
    return out;
}

/// 10 or 30%.
bool is_share(std::string_view text) {
    if (text.ends_with('%')) text.remove_suffix(1);
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

json::value share_of(const std::string& text) {
    constexpr size_t digits_max = 9;
    if (text.ends_with('%') || text.size() > digits_max) return json::value(text);
    return std::stoi(text);
}

}  // namespace

Result<json::object> make_budget(const Options& options, json::object metadata) {
    const std::string &least = options.min_available, &most_away = options.max_unavailable;
    if (options.selector.empty()) return usage("a selector must be specified");
    if (least.empty() && most_away.empty()) return usage("one of min-available or max-unavailable must be specified");
    if (!least.empty() && !most_away.empty()) return usage("min-available and max-unavailable cannot be both specified");
    if (!least.empty() && !is_share(least)) return usage("invalid format specified for min-available");
    if (!most_away.empty() && !is_share(most_away)) return usage("invalid format specified for max-unavailable");
    TRY(json::object selector, make_label_selector(options.selector));
    json::object spec{{"selector", std::move(selector)}};
    if (!least.empty()) spec["minAvailable"] = share_of(least);
    else spec["maxUnavailable"] = share_of(most_away);
    return json::object{{"apiVersion", "policy/v1"},
                        {"kind", "PodDisruptionBudget"},
                        {"metadata", std::move(metadata)},
                        {"spec", std::move(spec)}};
}

Result<json::object> make_priority_class(const Options& options) {
    json::object out{{"apiVersion", "scheduling.k8s.io/v1"},
                     {"kind", "PriorityClass"},
                     {"metadata", {{"name", options.args[0]}}},
                     {"value", options.value.value_or(0)},
                     {"preemptionPolicy", options.preemption_policy}};
    if (options.preemption_policy.empty()) return usage("preemptionPolicy must be specified");
    if (options.global_default) out["globalDefault"] = true;
    if (!options.description.empty()) out["description"] = options.description;
    return out;
}

}  // namespace orilla::cli
