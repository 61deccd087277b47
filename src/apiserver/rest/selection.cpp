#include "rest/selection.hpp"

namespace orilla::apiserver {

Result<Selection> Selection::parse(const http::Query& query, const api::KindInfo& kind, std::string_view only_name) {
    Selection selection;
    selection.name_ = only_name;
    if (const auto text = query.get("labelSelector"); !text.empty()) {
        TRY(selection.labels_, api::Selector::parse(text));
        selection.needs_object_ = !selection.labels_.matches_everything();
    }
    if (const auto text = query.get("fieldSelector"); !text.empty()) {
        TRY(selection.fields_, api::FieldSelector::parse(text, kind.selectable, kind.namespaced));
        const std::string_view required = selection.fields_.required_name();
        if (!required.empty() && only_name.empty()) selection.name_ = required;
        // The name alone is in the key; anything more has to be read.
        const bool only_about_the_name = selection.fields_.terms().size() == 1 && !required.empty() && only_name.empty();
        if (!selection.fields_.empty() && !only_about_the_name) selection.needs_object_ = true;
    }
    return selection;
}

bool Selection::matches(const api::Object& object) const {
    return labels_.matches(object.meta().labels) && fields_.matches(object.type_info(), object.data());
}

}  // namespace orilla::apiserver
