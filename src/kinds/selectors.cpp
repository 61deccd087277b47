#include "orilla/kinds/selectors.hpp"

namespace orilla::api {

Result<Selector> selector_of(const LabelSelector& object) {
    Selector selector = Selector::from_labels(object.match_labels);
    for (const auto& expression : object.match_expressions) {
        std::vector<std::string> values;
        for (const Str& value : expression.values) values.push_back(value.str());
        TRY_VOID(selector.require(expression.key, expression.operator_, std::move(values)));
    }
    return selector;
}

Result<Selector> selector_of(const Box<LabelSelector>& object) { return object ? selector_of(*object) : Selector::nothing(); }

bool selects(const Box<LabelSelector>& selector, const Map<Str>& labels) {
    auto parsed = selector_of(selector);
    return parsed && parsed->matches(labels);
}

bool selects(const Map<Str>& selector, const Map<Str>& labels) {
    return !selector.empty() && Selector::from_labels(selector).matches(labels);
}

}  // namespace orilla::api
