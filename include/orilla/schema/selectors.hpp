// Which objects a list, a watch, a controller or a Service means: label selectors (the text grammar of the query
// parameter and the LabelSelector object) and field selectors. Parsing checks keys and values as strictly as the
// reference server; matching never fails. A field selector knows only the fields that its kind supports.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/schema/containers.hpp"

namespace orilla::api {

inline constexpr size_t selector_bytes_max = 64 * 1024;
inline constexpr size_t selector_requirements_max = 1000;

struct Requirement {
    enum class Operator { equals, not_equals, in, not_in, exists, does_not_exist, greater_than, less_than };
    std::string key;
    Operator op;
    std::vector<std::string> values;  ///< sorted

    bool matches(const Map<Str>& labels) const;
    std::string to_string() const;
};

/// A conjunction of requirements on labels; without any it matches everything.
class Selector {
  public:
    /// The grammar of `labelSelector=` and `-l`. Fails with bad_request.
    static Result<Selector> parse(std::string_view text);
    /// Equality with every entry, as in spec.selector of a Service.
    static Selector from_labels(const Map<Str>& labels);
    static Selector nothing();
    /// One more requirement: KEY OPERATOR VALUES, with an operator of LabelSelector (In, NotIn, Exists, DoesNotExist). Fails
    /// with invalid.
    Result<void> require(std::string_view key, std::string_view op, std::vector<std::string> values);

    bool matches(const Map<Str>& labels) const;
    bool matches_everything() const { return !nothing_ && requirements_.empty(); }
    const std::vector<Requirement>& requirements() const { return requirements_; }
    /// The text that parse() takes, requirements sorted by key.
    std::string to_string() const;

  private:
    std::vector<Requirement> requirements_;
    bool nothing_ = false;
};

/// What a kind offers beside metadata.name and metadata.namespace. `name` is what a client writes; `path` is where the
/// object holds it, with fallbacks after '|'; empty: at `name`.
struct SelectableField {
    std::string_view name;
    std::string_view path;
};

/// `metadata.name=x,status.phase!=Running`. Values are compared as text, an absent field is "".
class FieldSelector {
  public:
    struct Term {
        std::string path;
        std::string value;
        bool equal;
        std::string_view held_in;  ///< as SelectableField says
    };
    /// `fields` are the kind's own, and outlive it. Fails with bad_request, also for a field that the kind lacks.
    static Result<FieldSelector> parse(std::string_view text, std::span<const SelectableField> fields, bool namespaced);

    bool matches(const TypeInfo& kind, const void* object) const;
    bool empty() const { return terms_.empty(); }
    const std::vector<Term>& terms() const { return terms_; }
    /// The one name that metadata.name=NAME asks for, or "": lets a list become a lookup.
    std::string_view required_name() const;

  private:
    std::vector<Term> terms_;
};

/// The text of the scalar at a path such as "spec.nodeName"; "" when absent.
std::string field_text(const TypeInfo& type, const void* object, std::string_view path);

}  // namespace orilla::api
