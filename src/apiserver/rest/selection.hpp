// Which objects of a collection a list, a watch or a deletecollection means: the selectors of its query. Knows when a
// look at the key is enough, so that a list without selectors is spliced together unparsed.
#pragma once

#include "orilla/http/uri.hpp"
#include "orilla/kinds/object.hpp"
#include "orilla/schema/selectors.hpp"
#include "orilla/store/entry.hpp"

namespace orilla::apiserver {

class Selection {
  public:
    /// `only_name` restricts to one object, as a watch of a single one does.
    static Result<Selection> parse(const http::Query& query, const api::KindInfo& kind, std::string_view only_name);

    /// False: surely not. True: ask `matches`, if `needs_object`.
    bool may_match(const store::Key& key) const { return name_.empty() || key.name == name_; }
    bool needs_object() const { return needs_object_; }
    bool matches(const api::Object& object) const;
    bool everything() const { return name_.empty() && !needs_object_; }
    /// The only name that can match, or empty.
    std::string_view name() const { return name_; }

  private:
    api::Selector labels_;
    api::FieldSelector fields_;
    std::string name_;
    bool needs_object_ = false;
};

}  // namespace orilla::apiserver
