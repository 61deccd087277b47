#include "orilla/kinds/scale.hpp"

#include <fmt/core.h>

#include <optional>

#include "orilla/kinds/selectors.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::api {
namespace {

/// What Scale shows of a kind that has replicas.
struct Scalable {
    Opt<int32_t>* replicas;
    int32_t current;
    std::string selector;
};

/// The field at a path of the object, of the form that a Scale can show; null when the kind has no such one.
template <class T>
T* field_at(Object& object, std::string_view path, Shape shape, const TypeInfo& type) {
    const auto [field, in] = find_place(object.type_info(), object.data(), path);
    if (field == nullptr || field->shape != shape || field->type != &type) return nullptr;
    return static_cast<T*>(field->in(in));
}

/// A LabelSelector, or the plain map of older kinds; nothing when it is neither.
Result<std::optional<std::string>> selector_at(Object& object, std::string_view path) {
    using Labels = Map<Str>;
    if (const auto* labels = field_at<Labels>(object, path, Shape::map, type_info<Str>()))
        return std::optional(Selector::from_labels(*labels).to_string());
    const auto* whole = field_at<Box<LabelSelector>>(object, path, Shape::box, type_info<LabelSelector>());
    if (!whole) return std::optional<std::string>();
    TRY(const auto selector, selector_of(*whole));
    return std::optional(selector.to_string());
}

Result<Scalable> scalable(Object& object) {
    const ScalePaths& paths = object.kind().scale;
    const auto& number = type_info<int32_t>();
    auto* replicas = field_at<Opt<int32_t>>(object, paths.replicas, Shape::opt, number);
    auto* current = field_at<int32_t>(object, paths.current, Shape::plain, number);
    TRY(auto selector, selector_at(object, paths.selector));
    if (replicas && current && selector) return Scalable{replicas, *current, std::move(*selector)};
    return Error(Code::method_not_allowed, std::string(object.kind().resource) + " cannot be scaled");
}

}  // namespace

Result<Scale> scale_of(const Object& object, std::string_view revision) {
    Object copy = object.clone();
    TRY(const auto parts, scalable(copy));
    Scale scale;
    const ObjectMeta& meta = object.meta();
    scale.metadata.name = meta.name;
    scale.metadata.namespace_ = meta.namespace_;
    scale.metadata.uid = meta.uid;
    scale.metadata.creation_timestamp = meta.creation_timestamp;
    scale.metadata.resource_version = Str(revision);
    scale.spec.replicas = parts.replicas->value_or(1);
    scale.status.replicas = parts.current;
    scale.status.selector = Str(parts.selector);
    return scale;
}

Result<void> take_scale(const Scale& scale, Object& object) {
    if (scale.spec.replicas < 0) {
        const std::string message = fmt::format("Invalid value: {}: must be greater than or equal to 0", scale.spec.replicas);
        Cause cause{"FieldValueInvalid", message, "spec.replicas"};
        return make_invalid_error("autoscaling", "Scale", object.meta().name, {std::move(cause)});
    }
    TRY(const auto parts, scalable(object));
    *parts.replicas = scale.spec.replicas;
    object.meta().resource_version = scale.metadata.resource_version;
    if (!scale.metadata.uid.empty()) object.meta().uid = scale.metadata.uid;
    return ok();
}

}  // namespace orilla::api
